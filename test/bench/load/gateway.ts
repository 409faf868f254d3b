/** The gateway alone in a process, so that the memory and the processor time of this process are the gateway's. */
import { type Gateway, startGateway } from '../../../local/gateway.ts';
import type { FromGateway, ToGateway } from './plan.ts';

const WATCH_MS = 100;

let gateway: Gateway | undefined;
let rss = 0;

const answer = (message: FromGateway): void => {
  process.send?.(message);
};

const opened = (): Gateway => {
  if (gateway === undefined) throw new Error('the gateway is not open');
  return gateway;
};

const open = async (assemblyDir: string): Promise<void> => {
  gateway = await startGateway({ assemblyDir, ports: { api: 0, mqtt: 0, aws: 0, issuer: 0 } });
  const { addresses, credentialsDir } = gateway;
  if (addresses.api === undefined) throw new Error('the assembly has no API');
  setInterval(() => {
    rss = Math.max(rss, process.memoryUsage.rss());
  }, WATCH_MS).unref();
  answer({ type: 'opened', api: addresses.api, credentialsDir });
};

const drain = async (): Promise<void> => {
  await opened().drain();
  answer({ type: 'drained', at: Date.now() });
};

const use = (): void => {
  const { user, system } = process.cpuUsage();
  const { connections } = opened().iot.stats();
  answer({ type: 'used', cpu: (user + system) / 1e6, rss: rss / 2 ** 20, connections });
};

process.on('message', (message: ToGateway) => {
  if (message.type === 'open') void open(message.assembly);
  else if (message.type === 'drain') void drain();
  else use();
});
process.on('disconnect', () => void (gateway?.close() ?? Promise.resolve()).then(() => process.exit(0)));
