/** The gateway in a process of its own, whose memory and processor time are the gateway's alone. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Gateway, startGateway } from '../../../local/gateway.ts';
import { readFunction } from '../../../local/lambda/definition.ts';
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

const environmentOf = ({ assembly, iam, endpoint }: Gateway): Record<string, string> => {
  const functions = assembly.byType('AWS::Lambda::Function');
  return {
    ...Object.assign({}, ...functions.map((one) => readFunction(one, assembly, iam).environment)),
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_REGION: assembly.region,
    AWS_ACCESS_KEY_ID: iam.operator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: iam.operator.secretAccessKey,
    AWS_SESSION_TOKEN: iam.operator.sessionToken,
  };
};

const open = async (assemblyDir: string, dataDir: string | undefined): Promise<void> => {
  const ports = { api: 0, mqtt: 0, aws: 0, issuer: 0, page: 0, live: 0 };
  gateway = await startGateway({ assemblyDir, ports, ...(dataDir === undefined ? {} : { dataDir }) });
  const { addresses, credentialsDir } = gateway;
  if (addresses.api === undefined) throw new Error('the assembly has no API');
  setInterval(() => {
    rss = Math.max(rss, process.memoryUsage.rss());
  }, WATCH_MS).unref();
  const [authorizer] = gateway.assembly.byType('AWS::IoT::Authorizer');
  answer({
    type: 'opened',
    api: addresses.api,
    credentialsDir,
    live: addresses.live,
    authorizer: authorizer?.physicalId ?? '',
    environment: environmentOf(gateway),
  });
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

// Not by an option: the gateway runs as it does for everybody.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const weigh = (): void => {
  collect();
  const { connections } = opened().iot.stats();
  answer({ type: 'weighed', rss: process.memoryUsage.rss(), connections });
};

let counted: { readonly until: () => void; readonly from: number } = { until: () => undefined, from: 0 };

/** Counts calls by a fault that delays each by 0 ms. */
const count = (service: 'dynamodb' | 's3' | undefined): void => {
  const { faults } = opened();
  const calls = faults.injected - counted.from;
  counted.until();
  const until =
    service === undefined
      ? () => undefined
      : faults.set({ service, rate: 1, kind: 'latency', milliseconds: 0, seed: 1 });
  counted = { until, from: faults.injected };
  answer({ type: 'counted', calls });
};

process.on('message', (message: ToGateway) => {
  if (message.type === 'open') void open(message.assembly, message.dataDir);
  else if (message.type === 'drain') void drain();
  else if (message.type === 'count') count(message.service);
  else if (message.type === 'weigh') weigh();
  else use();
});
process.on('disconnect', () => void (gateway?.close() ?? Promise.resolve()).then(() => process.exit(0)));
