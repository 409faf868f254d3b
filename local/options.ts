/** Ports of the local gateway: which are asked for, and whether they are free. */
import { createServer } from 'node:net';

/** What listens, in the order in which `--port-base N` numbers it. */
export const LISTENERS = ['api', 'mqtt', 'aws', 'issuer', 'page', 'live'] as const;
export type Listener = (typeof LISTENERS)[number];

/** A port of each listener; 0 takes a free one. */
export type Ports = Readonly<Record<Listener, number>>;

export const DEFAULT_PORTS: Ports = {
  api: 8080,
  mqtt: 8883,
  aws: 4566,
  issuer: 9229,
  page: 8081,
  live: 8084,
};

const NAMES: Readonly<Record<Listener, string>> = {
  api: 'API',
  mqtt: 'MQTT',
  aws: 'AWS endpoint',
  issuer: 'token issuer',
  page: 'page',
  live: 'MQTT over WebSocket',
};

/** A port option that cannot be used; the message is one line for the person who typed it. */
export class PortError extends Error {
  override readonly name = 'PortError';
}

/** Values of the command line, as typed: `--port-base`, `--api-port`, `--mqtt-port`, ... */
export type PortFlags = Readonly<Partial<Record<'portBase' | `${Listener}Port`, string | number>>>;

function port(value: string | number, flag: string, highest = 65_535): number {
  const number = typeof value === 'number' ? value : /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isInteger(number) || number < 0 || number > highest) {
    throw new PortError(`${flag} ${value}: use a whole number from 0 to ${highest}`);
  }
  return number;
}

/**
 * Reads the port options. `--port-base 0` takes free ports, `--port-base N` takes N and the five after it;
 * an option of one listener wins over the base.
 * @throws {PortError} when a value is no port, or one port is given twice
 */
export function readPorts(flags: PortFlags): Ports {
  const { portBase } = flags;
  const base =
    portBase === undefined ? undefined : port(portBase, '--port-base', 65_535 - LISTENERS.length + 1);
  const pick = (listener: Listener): number => {
    const given = flags[`${listener}Port`];
    if (given !== undefined) {
      return port(given, `--${listener}-port`);
    }
    if (base === undefined) {
      return DEFAULT_PORTS[listener];
    }
    return base === 0 ? 0 : base + LISTENERS.indexOf(listener);
  };
  const ports = Object.fromEntries(LISTENERS.map((listener) => [listener, pick(listener)])) as Ports;
  const taken = new Map<number, Listener>();
  for (const listener of LISTENERS.filter((one) => ports[one] !== 0)) {
    const twin = taken.get(ports[listener]);
    if (twin !== undefined) {
      throw new PortError(`port ${ports[listener]} is given to both ${NAMES[twin]} and ${NAMES[listener]}`);
    }
    taken.set(ports[listener], listener);
  }
  return ports;
}

/** Says of a port that could not be taken what it was for and how to choose another. */
export function portTaken(listener: Listener, taken: number): PortError {
  return new PortError(
    `port ${taken} (${NAMES[listener]}) is already in use; choose another with --${listener}-port or --port-base`,
  );
}

/**
 * Tries every port before anything starts, so that a second gateway ends with one clear line.
 * @throws {PortError} for the first port that is taken
 */
export async function checkPorts(ports: Ports, host: string): Promise<void> {
  for (const listener of LISTENERS) {
    if (ports[listener] !== 0) {
      await tryPort(listener, ports[listener], host);
    }
  }
}

function tryPort(listener: Listener, number: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? portTaken(listener, number) : error);
    });
    server.listen({ port: number, host, exclusive: true }, () => server.close(() => resolve()));
  });
}
