/** `control-api` as API Gateway calls it. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';

import { type Aws, startAws } from '../../../support/aws.ts';
import { lambdaContext, proxyEvent, type Sent } from '../../../support/http-events.ts';
import { newCsr } from './csr.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

export interface World {
  readonly aws: Aws;
  send(sent: Sent): Promise<Answered>;
  close(): Promise<void>;
}

export const TYPE = {
  id: 'ph-meter',
  name: 'pH meter',
  channels: { ph: { unit: '[pH]', range: { min: 0, max: 14 } }, state: { unit: '1', type: 'string' } },
};

export const startWorld = async (): Promise<World> => {
  const aws = await startAws();
  const {
    handler,
  }: { handler: (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult> } =
    await import('../../../../lambdas/functions/control-api/handler.ts');
  return {
    aws,
    send: async (sent) => {
      const { statusCode, headers = {}, body } = await handler(proxyEvent(sent), lambdaContext);
      return { status: statusCode, headers: headers as Record<string, string>, body: JSON.parse(body) };
    },
    close: () => aws.close(),
  };
};

export const registrationOf = async (id: string, site = 'berlin', more: object = {}) => ({
  id,
  site,
  type: TYPE.id,
  csr: await newCsr(id),
  ...more,
});
