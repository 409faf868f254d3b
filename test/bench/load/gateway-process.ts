/** The gateway in a process of its own, as `npm start` runs it. */
import { ENVIRONMENT, NODE_OPTIONS } from '../../../local/memory.ts';
import { Child } from './child.ts';
import type { FromGateway, ToGateway } from './plan.ts';

export type GatewayProcess = Child<ToGateway, FromGateway>;

/** The environment variable `BENCH_NODE_ARGUMENTS` holds more options of Node, for profiles. */
export const newGatewayProcess = (): GatewayProcess => {
  const { BENCH_NODE_ARGUMENTS: more } = process.env;
  return new Child('gateway', new URL('./gateway.ts', import.meta.url), {
    options: [...NODE_OPTIONS, ...(more === undefined ? [] : more.split(' '))],
    environment: ENVIRONMENT,
  });
};
