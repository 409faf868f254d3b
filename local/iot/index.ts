/**
 * AWS IoT Core on this computer: broker, policies, rules, registry, control and data plane, from the templates.
 */
import { join } from 'node:path';
import { boundsOf, Connections } from '../connections.ts';
import { damagePolicy } from '../damage.ts';
import type { AwsService, Functions, PartOptions } from '../types.ts';
import { actionFactory } from './actions/index.ts';
import { Broker } from './broker.ts';
import { controlPlane } from './control/index.ts';
import { dataPlane } from './data-plane.ts';
import type { IotDenial } from './gatekeeper.ts';
import { authorizersOf } from './live/authorizers.ts';
import { type Later, later } from './live/guests.ts';
import type { LiveListener } from './live/listener.ts';
import { openPki } from './pki.ts';
import { compilePolicy } from './policy.ts';
import { Registry } from './registry.ts';
import { type RuleStats, Rules } from './rules.ts';

/** CloudFormation types that this part runs. */
export const resourceTypes: readonly string[] = [
  'AWS::IoT::Authorizer',
  'AWS::IoT::Policy',
  'AWS::IoT::TopicRule',
  'AWS::IoT::ThingType',
];

/** How long messages under way may still take when the gateway stops, in milliseconds. */
const STOP_PATIENCE = 1500;

export interface IotOptions extends PartOptions {
  readonly functions: Functions;
  /** Address to listen on, e.g. `127.0.0.1`. */
  readonly host: string;
  /** Port of MQTT over TLS; 0 takes a free one. */
  readonly port: number;
  /** Bounds that are shared with other listeners; its own when absent. */
  readonly connections?: Connections;
  /** Takes connections over WebSocket; none when absent. The part does not close it. */
  readonly live?: LiveListener;
  /** When authorizers are asked again; by the clock when absent. */
  readonly later?: Later;
}

export interface IotPart {
  /** Already registered at the endpoint as `iot` and `iotdata`. */
  readonly services: { readonly iot: AwsService; readonly iotdata: AwsService };
  /** Certificate of the authority that signs the broker and the devices, PEM. */
  readonly ca: string;
  readonly endpoint: { readonly host: string; readonly port: number };
  /** Publishes in the name of AWS: to subscribers and rules. */
  publish(topic: string, payload: Buffer): Promise<void>;
  /** What broker and policies have refused, oldest first. */
  readonly denials: readonly IotDenial[];
  stats(): RuleStats & { readonly connections: number };
  /** Resolves when all accepted messages have gone through their rules. */
  flush(): Promise<void>;
  /** Ends all connections, lets rules finish. */
  close(): Promise<void>;
}

/**
 * Starts the part.
 * @throws {UnsupportedSql} {@link UnsupportedAction} {@link UnsupportedPolicy} naming what it cannot run
 */
export const startIot = async (options: IotOptions): Promise<IotPart> => {
  const { assembly, endpoint, log, host, port, dataDir } = options;
  const folder = dataDir === undefined ? undefined : join(dataDir, 'iot');
  const arnPrefix = `arn:aws:iot:${assembly.region}:${assembly.account}:`;
  const policies = new Map(
    assembly.byType('AWS::IoT::Policy').map(({ physicalId, properties }) => {
      const policy = compilePolicy(physicalId, properties['PolicyDocument']);
      return [physicalId, policy] as const;
    }),
  );
  const thingTypes = new Set(assembly.byType('AWS::IoT::ThingType').map(({ physicalId }) => physicalId));

  // Actions are made before the broker, but the first message comes only through it.
  let broker: Broker | undefined;
  const rules: Rules = await Rules.load(
    assembly.byType('AWS::IoT::TopicRule'),
    assembly.account,
    log,
    actionFactory({
      ...options,
      republish: async (message, topic, payload, qos) => {
        const hops = rules.nextHop(message);
        const { clientId, principal, sourceIp } = message;
        await broker?.publish(topic, payload, qos, { clientId, principal, sourceIp, hops });
      },
    }),
  );

  const pki = await openPki(folder, host === '0.0.0.0' || host === '::' ? [] : [host]);
  const registry = new Registry(folder, damagePolicy(options.acceptDamage ?? false, log));
  for (const policy of registry.policiesInUse) {
    if (!policies.has(policy)) log('warn', 'certificates have a policy that the templates lack', { policy });
  }
  const connections = options.connections ?? new Connections({ most: boundsOf().devices, log });
  const shared = { registry, policies, arnPrefix, pki, rules, connections };
  const authorize = authorizersOf(assembly, options.functions, log);
  const live = options.live && { listener: options.live, authorize, later: options.later ?? later };
  const started = await Broker.start({ ...shared, ...(live && { live }), host, port, log }).catch(
    (error: unknown) => {
      registry.close();
      throw error;
    },
  );
  broker = started;
  const iot = controlPlane({
    registry,
    pki,
    arnPrefix,
    account: assembly.account,
    policies: new Set(policies.keys()),
    thingTypes,
    deprecatedTypes: new Set(),
    endpointAddress: () => `${host}:${started.port}`,
    log,
  });
  const iotdata = dataPlane(started, arnPrefix);
  endpoint.register('iot', iot);
  endpoint.register('iotdata', iotdata);

  return {
    services: { iot, iotdata },
    ca: pki.caPem,
    endpoint: { host, port: started.port },
    publish: (topic, payload) => started.publish(topic, payload, 1),
    denials: started.denials,
    stats: () => ({ ...rules.stats, connections: started.connections }),
    flush: () => rules.flush(),
    async close() {
      await started.close();
      await rules.close(STOP_PATIENCE);
      registry.close();
    },
  };
};
