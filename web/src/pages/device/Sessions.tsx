import { Stack, Table, Text } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { timeText } from '../../charts/zone.ts';
import { spanText } from '../../shell/age.ts';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';
import { sessionsQuery } from './sessions.ts';

const WEEK = 7 * 86_400_000;

/** When the device was there in the last week. */
export const Sessions = ({ device }: { device: string }) => {
  const { zone } = useZone();
  const [now] = useState(Date.now);
  const { data } = useSuspenseQuery(sessionsQuery(device, now - WEEK, now));
  return (
    <Stack>
      <Text>
        {texts.range.last['P7D']}:{' '}
        {data.availability === null
          ? texts.device.availabilityUnknown
          : texts.device.availability(data.availability)}
      </Text>
      {data.items.length === 0 ? (
        <Text c="dimmed">{texts.device.noSessions}</Text>
      ) : (
        <Table.ScrollContainer minWidth={560}>
          <Table striped withTableBorder className="numeric">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{texts.device.sessionFrom}</Table.Th>
                <Table.Th>{texts.device.sessionTo}</Table.Th>
                <Table.Th>{texts.device.sessionLength}</Table.Th>
                <Table.Th>{texts.device.sessionReason}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {[...data.items].reverse().map(({ from, to, seconds, reason }) => (
                <Table.Tr key={`${from} ${to}`}>
                  <Table.Td>
                    {from === null ? texts.device.sessionBefore : timeText(Date.parse(from), zone)}
                  </Table.Td>
                  <Table.Td>
                    {to === null ? texts.device.sessionGoesOn : timeText(Date.parse(to), zone)}
                  </Table.Td>
                  <Table.Td>{spanText(seconds * 1000)}</Table.Td>
                  <Table.Td>{reason}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
};
