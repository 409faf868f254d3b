import { Badge, Button, Group, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';
import { ask } from '../../api/client.ts';
import { type Alert, acknowledgeAlert } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { timeText } from '../../charts/zone.ts';
import { ageText } from '../../shell/age.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';
import { AlertState } from './AlertState.tsx';
import { AlertValue } from './AlertValue.tsx';
import { waits } from './alert-text.ts';
import { PriorityMark } from './PriorityMark.tsx';

interface Props {
  readonly alerts: readonly Alert[];
  readonly onOpen: (id: string) => void;
}

/** Alerts, each with what it says, what is to be done, and the one thing that is done most often. */
export const AlertTable = ({ alerts, onOpen }: Props) => {
  const { zone } = useZone();
  const may = useMay();
  const queries = useQueryClient();
  const acknowledge = useMutation({
    mutationFn: (id: string) => ask(acknowledgeAlert({ path: { id }, body: {} })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['alerts'] }),
  });
  const { alerts: words } = texts;
  if (alerts.length === 0) return <Text role="status">{words.none}</Text>;
  const { column } = words;
  const now = Date.now();
  return (
    <Stack gap="sm">
      {acknowledge.isError && <ProblemView error={acknowledge.error} />}
      <Table.ScrollContainer minWidth={860}>
        <Table withTableBorder verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{column.priority}</Table.Th>
              <Table.Th>{column.what}</Table.Th>
              <Table.Th>{column.device}</Table.Th>
              <Table.Th>{column.value}</Table.Th>
              <Table.Th>{column.time}</Table.Th>
              <Table.Th>{column.state}</Table.Th>
              <Table.Th>{column.actions}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {alerts.map((alert) => {
              const { id, rule, device, channel, site } = alert;
              const measured = Date.parse(alert.reading?.at ?? alert.raisedAt);
              return (
                <Table.Tr key={id} data-alert={id} data-state={alert.state}>
                  <Table.Td>
                    <PriorityMark
                      priority={rule.priority}
                      grey={!alert.active || alert.quiet !== undefined}
                    />
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm" fw={waits(alert) ? 700 : 400}>
                      {rule.name}
                      {alert.flood && (
                        <Badge ml={6} size="xs" variant="outline" color="gray" tt="none">
                          {words.flooded}
                        </Badge>
                      )}
                    </Text>
                    {rule.instructions !== undefined && alert.state !== 'closed' && (
                      <Text size="xs" c="dimmed" lineClamp={3}>
                        {words.todo} {rule.instructions}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>
                    <Link href={`/devices/${device}`}>{device}</Link>
                    <Text size="xs" c="dimmed">
                      {channel ?? words.wholeDevice}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <AlertValue alert={alert} />
                  </Table.Td>
                  <Table.Td className="numeric">
                    {timeText(measured, zone)}
                    <Text size="xs" c="dimmed">
                      {ageText(now - measured)}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <AlertState alert={alert} />
                  </Table.Td>
                  <Table.Td>
                    <Group gap={6}>
                      {waits(alert) && may('alerts:act', site) && (
                        <Button
                          size="compact-xs"
                          loading={acknowledge.isPending && acknowledge.variables === id}
                          onClick={() => acknowledge.mutate(id)}
                        >
                          {words.actions.acknowledge}
                        </Button>
                      )}
                      <Button size="compact-xs" variant="default" onClick={() => onOpen(id)}>
                        {words.details}
                      </Button>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
};
