/** Over the live connection nobody gets in without a good token, nor beyond his role and site. */
import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import { request } from 'node:http';
import { decodeJwt, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose';
import type { IClientOptions } from 'mqtt';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { closed, type Instrument } from '../support/lab.ts';
import { authorizerOf, connectLive, liveOptions, securely } from '../support/live.ts';
import { openPeopleLab, type PeopleLab } from './people.ts';

let lab: PeopleLab;
/** A good token of an operator of lab-1. */
let good: string;
let claims: JWTPayload;
let subject: string;
let engineer: string;
let device: Instrument;

beforeAll(async () => {
  lab = await openPeopleLab(inject('assembly'));
  good = (await lab.signIn('operator-1')).access_token;
  claims = decodeJwt(good);
  subject = String(claims.sub);
  engineer = (await lab.signIn('engineer-1')).access_token;
  await lab.createType();
  device = await lab.register('meter-1');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const url = (): string => securely(lab.gateway.addresses.live);

/** Denials of the broker since the test began. */
const denialsOf = async (attempt: () => Promise<unknown>) => {
  const before = lab.gateway.iot.denials.length;
  await attempt();
  return lab.gateway.iot.denials.slice(before);
};

const connecting = (token: string | Buffer, more: IClientOptions = {}) => {
  const options = { ...liveOptions(lab, good), password: token, ...more };
  return expect(connectLive(url(), options)).rejects.toThrow('the broker closed the connection');
};

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = (): number => Math.floor(Date.now() / 1000);

/** Signs with the true key of the issuer, as only a thief of it could. */
const signed = async (payload: JWTPayload, header: object = {}): Promise<string> =>
  new SignJWT(payload)
    .setProtectedHeader({ alg: 'RS256', kid: lab.key.kid, ...header })
    .sign(await importJWK(lab.key, 'RS256'));

describe('a token is refused', () => {
  test('though the same claims, well signed, open the connection', async () => {
    for (const token of [good, await signed(claims)])
      await (await connectLive(url(), { ...liveOptions(lab, good), password: token })).endAsync();
  });

  const forgeries: Readonly<Record<string, () => string | Promise<string>>> = {
    'that is empty': () => '',
    'that is garbage': () => Buffer.alloc(600, 0xfe).toString('base64url'),
    'that is three parts of garbage': () => 'a.b.c',
    'that is far too long': () => `${good.split('.')[0]}.${'A'.repeat(60_000)}.x`,
    'whose signature is missing': () => `${good.split('.').slice(0, 2).join('.')}.`,
    'that says that it needs no signature': () => `${part({ alg: 'none' })}.${part({ ...claims })}.`,
    'whose claims were changed': () => {
      const [head, , signature] = good.split('.');
      return `${head}.${part({ ...claims, 'cognito:groups': ['Admin'] })}.${signature}`;
    },
    'whose signature has one bit turned': () => {
      const [head, body, signature = ''] = good.split('.');
      const bytes = Buffer.from(signature, 'base64url');
      bytes.writeUInt8(bytes.readUInt8(7) ^ 1, 7);
      return `${head}.${body}.${bytes.toString('base64url')}`;
    },
    'that is signed with the public key as a secret': () => {
      const { kty, n, e, kid } = lab.key;
      const key = createPublicKey({ key: { kty, n, e } as JsonWebKey, format: 'jwk' });
      const text = `${part({ alg: 'HS256', kid })}.${part({ ...claims })}`;
      const secret = key.export({ type: 'spki', format: 'pem' });
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    },
    'that is signed with another key under the same name': async () => {
      const { privateKey } = await generateKeyPair('RS256');
      return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: lab.key.kid }).sign(privateKey);
    },
    'that brings its own key': async () => {
      const { privateKey } = await generateKeyPair('RS256');
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'mine', jku: 'http://127.0.0.1:1/keys' })
        .sign(privateKey);
    },
    'that has expired': () => signed({ ...claims, exp: now() - 1 }),
    'that is not valid yet': () => signed({ ...claims, nbf: now() + 600 }),
    'of another issuer': () => signed({ ...claims, iss: 'https://issuer.example' }),
    'of another pool of the same issuer': () => signed({ ...claims, iss: `${claims.iss}x` }),
    'of a program, whatever its role': async () => lab.token('fleet'),
    'that tells who somebody is, and not what they may': async () =>
      (await lab.signIn('operator-1')).id_token,
    'that renews others': async () => (await lab.signIn('operator-1')).refresh_token,
    'without the scope': () => signed({ ...claims, scope: 'openid' }),
    'with the scope of a role in place of a group': () =>
      signed({ ...claims, scope: 'labgate/admin', 'cognito:groups': ['Admin'] }),
  };

  test.each(Object.entries(forgeries))('%s', async (_, forge) => {
    const denials = await denialsOf(async () => connecting(await forge()));
    expect(denials.map(({ action }) => action)).toEqual(['authorizer']);
  });

  test.each(['nobody', 'pretender'])('of %s, who holds no role', async (name) => {
    const { access_token: token } = await lab.signIn(name);
    await expect(connectLive(url(), liveOptions(lab, token))).rejects.toThrow('closed');
  });
});

describe('with a good token nobody connects', () => {
  const others: Readonly<Record<string, () => IClientOptions>> = {
    'under the client id of a device': () => ({ clientId: 'meter-1' }),
    'under that of another person': () => ({ clientId: liveOptions(lab, engineer).clientId ?? '' }),
    'under one without a suffix': () => ({ clientId: `person.${subject.replaceAll('-', '')}` }),
    'under one with a wildcard': () => ({ clientId: 'person.+' }),
    'under one longer than there may be': () => ({
      clientId: `person.${subject.replaceAll('-', '')}.${'x'.repeat(100)}`,
    }),
    'without a user name': () => ({ username: undefined, password: undefined }) as unknown as IClientOptions,
    'without an authorizer in it': () => ({ username: 'operator-1' }),
    'with an authorizer that is not there': () => ({
      username: 'labgate?x-amz-customauthorizer-name=other',
    }),
    'with the authorizer in other case': () => ({
      username: `labgate?X-Amz-CustomAuthorizer-Name=${authorizerOf(lab)}`,
    }),
    'with a last will for a device': () => ({
      will: { topic: 'lab/lab-1/meter-1/data', payload: Buffer.from('{}'), qos: 0, retain: false },
    }),
    'with a last will for the platform': () => ({
      will: { topic: 'live/lab-1/presence/meter-1', payload: Buffer.from('{}'), qos: 0, retain: false },
    }),
  };

  test.each(Object.entries(others))('%s', async (_, options) => {
    await connecting(good, options());
  });

  test('a device that is connected stays so while somebody tries to take its name', async () => {
    const instrument = await lab.connect(device);
    await connecting(good, { clientId: device.clientId });
    expect(instrument.connected).toBe(true);
    await instrument.endAsync();
  });

  test('by mutual TLS, where devices connect', async () => {
    const { host, port } = lab.gateway.iot.endpoint;
    const options = { ...liveOptions(lab, good), clientId: 'meter-1' };
    await expect(connectLive(`mqtts://${host}:${port}`, options)).rejects.toThrow();
  });
});

describe('is cut without a word who subscribes to', () => {
  test.each([
    '#',
    '+/#',
    'lab/#',
    'live/#',
    'lab/+/+/data',
    'lab/+/meter-1/data',
    'lab/lab-2/+/data',
    'lab/lab-1/#',
    'lab/lab-1/+/commands/+',
    'lab/lab-1/meter-1/ack',
    'lab/lab-1/meter-1/errors',
    'live/+/presence/+',
    'live/lab-2/#',
    'live/lab-10/#',
    '$SYS/#',
    '$SYS/broker/clients',
    '$share/all/live/lab-1/#',
    '$share/all/lab/lab-1/+/data',
    '$aws/events/#',
    '$aws/events/presence/connected/+',
    '$aws/things/meter-1/shadow/#',
    '$aws/rules/#',
  ])('%s', async (filter) => {
    const client = await connectLive(url(), liveOptions(lab, good));
    const cut = closed(client);
    const acks: unknown[] = [];
    client.on('packetreceive', ({ cmd }) => acks.push(cmd));
    const denials = await denialsOf(async () => {
      client.subscribe(filter);
      await cut;
    });
    expect(acks).toEqual([]);
    expect(denials).toMatchObject([{ clientId: client.options.clientId, action: 'iot:Subscribe' }]);
  });

  test('one good filter and a bad one', async () => {
    const client = await connectLive(url(), liveOptions(lab, good));
    const cut = closed(client);
    client.subscribe(['lab/lab-1/+/data', 'lab/lab-2/+/data']);
    await cut;
  });

  test('nine filters at once, though each is good', async () => {
    const client = await connectLive(url(), liveOptions(lab, good));
    const cut = closed(client);
    client.subscribe(Array.from({ length: 9 }, (_, at) => `lab/lab-1/meter-${at}/data`));
    await cut;
  });
});

describe('is cut, and not heard, who publishes to', () => {
  const topics: Readonly<Record<string, () => string>> = {
    'the data of a device': () => 'lab/lab-1/meter-1/data',
    'the commands of a device': () => 'lab/lab-1/meter-1/commands/01jt2q0v5s8kx3m9d6w4a7c1ef',
    'a reply in its name': () => 'lab/lab-1/meter-1/commands/01jt2q0v5s8kx3m9d6w4a7c1ef/result',
    'commands, as the platform': () => 'live/lab-1/commands/meter-1/01jt2q0v5s8kx3m9d6w4a7c1ef',
    'presence, as the platform': () => 'live/lab-1/presence/meter-1',
    'a room, as another person': () => `live/lab-1/rooms/talk/${decodeJwt(engineer).sub}`,
    'a room, as nobody': () => 'live/lab-1/rooms/talk',
    'a room below another person': () => `live/lab-1/rooms/talk/${decodeJwt(engineer).sub}/${subject}`,
    'a room of another site': () => `live/lab-2/rooms/talk/${subject}`,
    'a room that reaches up': () => `live/lab-1/rooms/../commands/${subject}/x/${subject}`,
    'the rules': () => '$aws/rules/labgate_dev_data/lab/lab-1/meter-1/data',
    'events of the broker': () => '$aws/events/presence/connected/meter-1',
    'the broker itself': () => '$SYS/broker/x',
  };

  test.each(Object.entries(topics))('%s', async (_, topic) => {
    const client = await connectLive(url(), liveOptions(lab, good));
    const cut = closed(client);
    const denials = await denialsOf(async () => {
      client.publish(topic(), '{"v":1}', { qos: 0 });
      await cut;
    });
    expect(denials).toMatchObject([{ clientId: client.options.clientId, action: 'iot:Publish' }]);
  });

  test('a room, to be kept there', async () => {
    const client = await connectLive(url(), liveOptions(lab, good));
    const cut = closed(client);
    client.publish(`live/lab-1/rooms/talk/${subject}`, 'x', { retain: true });
    await cut;
  });

  test('nor may an Admin of everything go beyond rooms', async () => {
    const token = await lab.personToken('admin');
    const who = decodeJwt(token).sub;
    for (const topic of ['live/lab-1/commands/x/y', `live/lab-1/commands/rooms/talk/${who}`, `live/${who}`]) {
      const client = await connectLive(url(), liveOptions(lab, token));
      const cut = closed(client);
      client.publish(topic, 'x');
      await cut;
    }
  });
});

describe('the upgrade is refused', () => {
  interface Upgrade {
    readonly path?: string;
    readonly protocol?: string;
    readonly origin?: string;
  }
  const upgrade = ({ path = '/mqtt', protocol = 'mqtt', origin }: Upgrade): Promise<number> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(lab.gateway.addresses.live);
      const headers: Record<string, string> = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16, 1).toString('base64'),
        ...(protocol === '' ? {} : { 'sec-websocket-protocol': protocol }),
        ...(origin === undefined ? {} : { origin }),
      };
      const sent = request({ host: hostname, port, path, headers });
      sent.on('upgrade', (response, socket) => {
        socket.destroy();
        resolve(response.statusCode ?? 0);
      });
      sent.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', reject);
      sent.end();
    });

  test.each([
    ['though one of a program is taken', {}, 101],
    ['and one of a page that the gateway serves', { origin: 'own' }, 101],
    ['on another path', { path: '/' }, 404],
    ['below the path', { path: '/mqtt/x' }, 404],
    ['on a path that reaches it', { path: '/x/../mqtt' }, 404],
    ['on a path that is spelt another way', { path: '/%6dqtt' }, 404],
    ['without a subprotocol', { protocol: '' }, 400],
    ['with another one', { protocol: 'wamp' }, 400],
    ['with one that only looks like it', { protocol: 'mqttv3.1, MQTT' }, 400],
    ['of a foreign page', { origin: 'https://evil.example' }, 403],
    ['of a page of a sandbox', { origin: 'null' }, 403],
    ['of another page of this computer', { origin: 'http://127.0.0.1:1' }, 403],
    ['of a page whose name only begins alike', { origin: 'http://127.0.0.1.evil.example' }, 403],
  ] as const)('%s', async (_, asked: Upgrade, status) => {
    const own = new URL(lab.gateway.addresses.api ?? '').origin;
    expect(await upgrade({ ...asked, ...(asked.origin === 'own' ? { origin: own } : {}) })).toBe(status);
  });
});

test('whoever shouts too much, or in text, is cut, and the broker goes on', async () => {
  const client = await connectLive(url(), liveOptions(lab, good));
  const cut = closed(client);
  client.publish(`live/lab-1/rooms/talk/${subject}`, Buffer.alloc(200_000));
  await cut;
  const socket = new WebSocket(lab.gateway.addresses.live, 'mqtt');
  await new Promise((resolve) => {
    socket.onopen = () => socket.send('not mqtt');
    socket.onclose = resolve;
  });
  await (await connectLive(url(), liveOptions(lab, good))).endAsync();
});
