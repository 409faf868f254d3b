import { Code, Table } from '@mantine/core';
import type { DeviceDetail } from '../../api/gen/index.ts';
import { timeText } from '../../charts/zone.ts';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';

/** What is known of a device: what people said, what it says of itself, and its certificate. */
export const Facts = ({ device }: { device: DeviceDetail }) => {
  const { zone } = useZone();
  const time = (text: string): string => timeText(Date.parse(text), zone);
  const { facts } = texts.device;
  const { location, labels, reported, connection } = device;
  const rows: (readonly [string, string | undefined])[] = [
    [facts.id, device.id],
    [facts.site, device.site],
    [facts.type, device.type],
    [facts.description, device.description],
    [facts.serial, device.serial],
    [facts.room, location?.room],
    [facts.position, location === undefined ? undefined : `${location.latitude}, ${location.longitude}`],
    [
      facts.labels,
      labels &&
        Object.entries(labels)
          .map(([name, value]) => `${name}: ${value}`)
          .join(', '),
    ],
    [facts.state, device.state],
    [facts.certificate, device.certificateId],
    [facts.firmware, reported?.firmware],
    [facts.mac, reported?.mac],
    [facts.address, reported?.ip ?? connection.address],
    [
      facts.connection,
      `${connection.state}${connection.since === undefined ? '' : `, ${time(connection.since)}`}${
        connection.reason === undefined ? '' : ` (${connection.reason})`
      }`,
    ],
    [facts.registered, `${time(device.createdAt)} ${facts.by(device.createdBy)}`],
    [facts.changed, time(device.updatedAt)],
  ];
  return (
    <Table maw={860} layout="fixed">
      <Table.Tbody>
        {rows
          .filter(([, value]) => value !== undefined && value !== '')
          .map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th w={{ base: 120, sm: 180 }} scope="row">
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                {name === facts.certificate ? <Code>{value}</Code> : value}
              </Table.Td>
            </Table.Tr>
          ))}
      </Table.Tbody>
    </Table>
  );
};
