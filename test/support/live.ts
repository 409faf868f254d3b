/** People on the broker, as a browser brings them: a real client of MQTT over WebSocket. */
import { randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { liveUsername, PERSON_CLIENTS } from '../../contracts/live-access.ts';
import type { Gateway } from '../../local/gateway.ts';
import { closed } from './lab.ts';

type Running = { readonly gateway: Pick<Gateway, 'addresses' | 'assembly' | 'iot'> };

/** Name of the authorizer of the templates. */
export const authorizerOf = ({ gateway }: Running): string => {
  const [authorizer] = gateway.assembly.byType('AWS::IoT::Authorizer');
  if (authorizer === undefined) throw new Error('the templates have no authorizer');
  return authorizer.physicalId;
};

/** A client id that the owner of a token may have. */
export const clientIdOf = (token: string): string =>
  `${PERSON_CLIENTS}${String(decodeJwt(token).sub).replaceAll('-', '')}.${randomBytes(6).toString('hex')}`;

/** How a browser connects with a token; tests change one thing of it. */
export const liveOptions = (lab: Running, token: string): IClientOptions => ({
  username: liveUsername(authorizerOf(lab)),
  password: token,
  clientId: clientIdOf(token),
  reconnectPeriod: 0,
  ca: lab.gateway.iot.ca,
});

/** `wss://` instead of `ws://`, on the same port. */
export const securely = (url: string): string => url.replace(/^ws:/, 'wss:');

/**
 * Connects.
 * @throws when the connection is closed instead
 */
export const connectLive = async (url: string, options: IClientOptions): Promise<MqttClient> => {
  const client = mqtt.connect(url, options);
  client.on('error', () => client.end(true));
  const opened = new Promise<void>((resolve) => {
    client.once('connect', () => resolve());
  });
  await Promise.race([
    opened,
    closed(client).then(() => Promise.reject(new Error('the broker closed the connection'))),
  ]);
  return client;
};

/** Connects whose token this is. */
export const connectPerson = (lab: Running, token: string, more: IClientOptions = {}): Promise<MqttClient> =>
  connectLive(lab.gateway.addresses.live, { ...liveOptions(lab, token), ...more });
