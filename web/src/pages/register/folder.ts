/** What a device needs, as files: the same that the command line writes. */
import { sample } from '../../../../payload/sample.ts';
import type { InstrumentType, Registered } from '../../api/gen/index.ts';
import type { ZipEntry } from './zip.ts';

/** The line that sends a first value, to be run inside the folder. */
export const firstValueLine = ({ endpoint, clientId, topics }: Registered, type: InstrumentType): string => {
  const { name, value } = sample(type);
  return (
    `mosquitto_pub -h ${endpoint.host} -p ${endpoint.port} -i ${clientId} -q 1 \\\n` +
    `  --cafile ca.pem --cert certificate.pem --key key.pem \\\n` +
    `  -t ${topics.data} \\\n` +
    `  -m '{"v":1,"data":[{"n":"${name}","t":"'$(date -u +%FT%TZ)'","v":${JSON.stringify(value)}}]}'`
  );
};

export const folderOf = (registered: Registered, key: string, type: InstrumentType): ZipEntry[] => {
  const { certificate, ca, ...rest } = registered;
  const { id } = registered.device;
  return [
    { name: `${id}/key.pem`, text: key, mode: 0o600 },
    { name: `${id}/certificate.pem`, text: certificate },
    { name: `${id}/ca.pem`, text: ca },
    { name: `${id}/device.json`, text: `${JSON.stringify(rest, null, 2)}\n` },
    { name: `${id}/first-value.sh`, text: `#!/bin/sh\n${firstValueLine(registered, type)}\n`, mode: 0o755 },
  ];
};
