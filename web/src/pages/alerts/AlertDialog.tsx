import { Alert as Banner, Button, Group, Loader, Modal, Stack, Table, Text, Timeline } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { alertHistoryQuery, alertQuery, alertRuleQuery } from '../../api/alerts.ts';
import { Refused } from '../../api/client.ts';
import type { Alert } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { deviceQuery } from '../../api/queries.ts';
import { timeText } from '../../charts/zone.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';
import { ActForm } from './ActForm.tsx';
import { AlertState } from './AlertState.tsx';
import { AlertValue } from './AlertValue.tsx';
import { type AlertAction, actionsFor } from './alert-text.ts';
import { PriorityMark } from './PriorityMark.tsx';

interface Props {
  readonly id: string | null;
  readonly onClose: () => void;
}

/** One alert: what it says, all that became of it, and what may be done. */
export const AlertDialog = ({ id, onClose }: Props) => {
  const { data, error } = useQuery({ ...alertQuery(id ?? ''), enabled: id !== null });
  return (
    <Modal
      opened={id !== null}
      onClose={onClose}
      size="lg"
      title={data === undefined ? texts.alerts.title : data.rule.name}
    >
      {error !== null && <ProblemView error={error} />}
      {data === undefined && error === null && <Loader role="status" aria-label={texts.loading} />}
      {data !== undefined && <Details key={data.id} alert={data} />}
    </Modal>
  );
};

/** Whether nothing is watched any more that could end an alert: then people may. */
const useUnwatched = ({ type, rule, device, state }: Alert): boolean => {
  const enabled = state !== 'closed';
  const { data: now, error } = useQuery({ ...alertRuleQuery(type, rule.id), enabled });
  const { data: known } = useQuery({ ...deviceQuery(device), enabled });
  const gone = error instanceof Refused && error.status === 404;
  return gone || now?.value.enabled === false || known?.value.state === 'retired';
};

const Details = ({ alert }: { alert: Alert }) => {
  const may = useMay();
  const { zone } = useZone();
  const [action, setAction] = useState<AlertAction>();
  const actions = actionsFor(alert, may, useUnwatched(alert));
  const { alerts: words } = texts;
  const time = (text: string): string => timeText(Date.parse(text), zone, true);
  const { rule, device, channel, quiet, acknowledgedAt, acknowledgedBy } = alert;
  return (
    <Stack data-state={alert.state}>
      {rule.instructions !== undefined && (
        <Banner color="gray" variant="light" title={words.todo}>
          <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
            {rule.instructions}
          </Text>
        </Banner>
      )}
      <Table>
        <Table.Tbody>
          <Fact name={words.column.priority}>
            <PriorityMark priority={rule.priority} grey={!alert.active || quiet !== undefined} />
          </Fact>
          <Fact name={words.column.state}>
            <AlertState alert={alert} />
            {quiet !== undefined && <Text size="xs">{words.by(quiet.by.name, quiet.reason)}</Text>}
            {acknowledgedAt !== undefined && (
              <Text size="xs">{words.acknowledgedBy(acknowledgedBy?.name ?? '', time(acknowledgedAt))}</Text>
            )}
          </Fact>
          <Fact name={words.column.device}>
            <Link href={`/devices/${device}`}>{device}</Link> · {channel ?? words.wholeDevice}
          </Fact>
          <Fact name={words.column.value}>
            <AlertValue alert={alert} />
          </Fact>
          {alert.reading !== undefined && <Fact name={words.column.time}>{time(alert.reading.at)}</Fact>}
          <Fact name={words.raised}>{time(alert.raisedAt)}</Fact>
          <Fact name={words.noticed}>{time(alert.noticedAt)}</Fact>
          {alert.returnedAt !== undefined && <Fact name={words.returned}>{time(alert.returnedAt)}</Fact>}
        </Table.Tbody>
      </Table>
      {action === undefined || !actions.includes(action) ? (
        <Group gap="xs">
          {actions.map((each) => (
            <Button
              key={each}
              size="xs"
              variant={each === 'acknowledge' ? 'filled' : 'default'}
              onClick={() => setAction(each)}
            >
              {words.actions[each]}
            </Button>
          ))}
        </Group>
      ) : (
        <ActForm key={action} alert={alert} action={action} onClose={() => setAction(undefined)} />
      )}
      <History alert={alert} />
    </Stack>
  );
};

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <Table.Tr>
    <Table.Th scope="row" w={150}>
      {name}
    </Table.Th>
    <Table.Td className="numeric">{children}</Table.Td>
  </Table.Tr>
);

const History = ({ alert }: { alert: Alert }) => {
  const { zone } = useZone();
  const { data, error } = useQuery({
    ...alertHistoryQuery(alert.id, alert.version),
    placeholderData: (before) => before,
  });
  const { alerts: words } = texts;
  if (error !== null) return <ProblemView error={error} />;
  if (data === undefined) return null;
  return (
    <section aria-label={words.history}>
      <Text fw={600} mb="xs">
        {words.history}
      </Text>
      <Timeline active={data.entries.length - 1} bulletSize={14} lineWidth={2} color="gray">
        {data.entries.map(({ version, at, event, by, comment, why, until, told }) => (
          <Timeline.Item key={version} title={words.events[event]} data-event={event}>
            <Text size="sm">
              {[
                by.name,
                why && words.why[why],
                until && words.until(timeText(Date.parse(until), zone)),
                (event === 'raised' || event === 'returned') && !told && words.notTold,
                comment,
              ]
                .filter((part) => part !== undefined && part !== false)
                .join(' · ')}
            </Text>
            <Text size="xs" c="dimmed" className="numeric">
              {timeText(Date.parse(at), zone, true)}
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </section>
  );
};
