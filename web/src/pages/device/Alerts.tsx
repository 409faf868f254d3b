import { Group, Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { openAlertsQuery } from '../../api/alerts.ts';
import type { DeviceDetail } from '../../api/gen/index.ts';
import { ageText } from '../../shell/age.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { texts } from '../../texts.ts';
import { AlertState } from '../alerts/AlertState.tsx';
import { AlertValue } from '../alerts/AlertValue.tsx';
import { PriorityMark } from '../alerts/PriorityMark.tsx';

/** Alerts that are shown; the rest is on the page of alerts. */
const MOST = 5;

/** The open alerts of a device, in short; nothing where there are none. */
export const Alerts = ({ device: { id, site } }: { device: DeviceDetail }) => {
  const { data, error } = useQuery(openAlertsQuery(site));
  const { alerts: words } = texts;
  if (error !== null) return <ProblemView error={error} />;
  const alerts = (data ?? []).filter(({ device }) => device === id);
  if (alerts.length === 0) return null;
  const page = `/alerts?site=${site}&device=${id}`;
  return (
    <Paper withBorder p="sm" mb="md" component="section" aria-label={words.title}>
      <Stack gap={6}>
        <Group justify="space-between">
          <Text fw={600}>{words.ofDevice(alerts.length)}</Text>
          <Link href={page}>{words.toDevice}</Link>
        </Group>
        {alerts.slice(0, MOST).map((alert) => (
          <Group key={alert.id} gap="md" data-alert={alert.id} data-state={alert.state}>
            <PriorityMark priority={alert.rule.priority} grey={!alert.active || alert.quiet !== undefined} />
            <Link href={`${page}&alert=${alert.id}`}>{alert.rule.name}</Link>
            <div>
              <AlertValue alert={alert} />
            </div>
            <AlertState alert={alert} />
            <Text size="xs" c="dimmed">
              {ageText(Date.now() - Date.parse(alert.reading?.at ?? alert.raisedAt))}
            </Text>
          </Group>
        ))}
      </Stack>
    </Paper>
  );
};
