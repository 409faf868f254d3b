import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { checkPorts, DEFAULT_PORTS, PortError, readPorts } from '../../local/options.ts';

it('has ports of its own, and takes others one by one, from a base, or any that are free', () => {
  expect(readPorts({})).toEqual(DEFAULT_PORTS);
  expect(readPorts({ mqttPort: '1883' })).toEqual({ ...DEFAULT_PORTS, mqtt: 1883 });
  expect(readPorts({ portBase: '9000' })).toEqual({
    api: 9000,
    mqtt: 9001,
    aws: 9002,
    issuer: 9003,
    page: 9004,
    live: 9005,
  });
  expect(readPorts({ portBase: '9000', awsPort: 4000 })).toEqual({
    api: 9000,
    mqtt: 9001,
    aws: 4000,
    issuer: 9003,
    page: 9004,
    live: 9005,
  });
  expect(readPorts({ portBase: '0' })).toEqual({ api: 0, mqtt: 0, aws: 0, issuer: 0, page: 0, live: 0 });
});

it.each([
  [{ portBase: 'many' }, '--port-base many: use a whole number from 0 to 65530'],
  [{ portBase: '65531' }, '--port-base 65531: use a whole number from 0 to 65530'],
  [{ apiPort: '-1' }, '--api-port -1: use a whole number from 0 to 65535'],
  [{ apiPort: '' }, '--api-port : use a whole number from 0 to 65535'],
  [{ apiPort: '8883' }, 'port 8883 is given to both API and MQTT'],
])('refuses %j', (flags, message) => {
  expect(() => readPorts(flags)).toThrow(new PortError(message));
});

it('says which port is taken and what to do', async () => {
  const holder = createServer();
  const port = await new Promise<number>((resolve) => {
    holder.listen(0, '127.0.0.1', () => {
      const address = holder.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const free = readPorts({ portBase: 0 });
  await expect(checkPorts({ ...free, mqtt: port }, '127.0.0.1')).rejects.toThrow(
    `port ${port} (MQTT) is already in use; choose another with --mqtt-port or --port-base`,
  );
  await new Promise((resolve) => holder.close(resolve));
  await expect(checkPorts({ ...free, mqtt: port }, '127.0.0.1')).resolves.toBeUndefined();
});
