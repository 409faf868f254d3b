import { Badge, Text } from '@mantine/core';
import type { Alert } from '../../api/gen/index.ts';
import { timeText } from '../../charts/zone.ts';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';
import { waits } from './alert-text.ts';

/** The state of an alert in words, who looks after it, and for how long nobody is told. */
export const AlertState = ({ alert }: { alert: Alert }) => {
  const { zone } = useZone();
  const { state, quiet, assignee } = alert;
  const { alerts: words } = texts;
  return (
    <div>
      <Badge
        variant={waits(alert) ? 'outline' : 'light'}
        color="gray"
        tt="none"
        fw={waits(alert) ? 700 : 500}
        className="state-badge"
      >
        {words.states[state]}
      </Badge>
      {assignee !== undefined && <Text size="xs">{words.assigned(assignee.name)}</Text>}
      {quiet !== undefined && (
        <Text size="xs" c="dimmed">
          {words.quiet[quiet.kind](timeText(Date.parse(quiet.until), zone))}
        </Text>
      )}
    </div>
  );
};
