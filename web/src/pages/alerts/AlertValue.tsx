import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Alert } from '../../api/gen/index.ts';
import { typesQuery } from '../../api/queries.ts';
import { measureText } from '../../charts/numbers.ts';
import { conditionText } from './alert-text.ts';

/** The value that an alert was raised by, above its limit; both with their units. */
export const AlertValue = ({ alert: { type, channel, reading, rule } }: { alert: Alert }) => {
  const { data: types } = useQuery(typesQuery);
  const facts = channel === null ? undefined : types?.find(({ id }) => id === type)?.channels[channel];
  const unit = facts?.unit ?? '1';
  return (
    <>
      {reading !== undefined && (
        <Text size="sm" className="numeric" fw={600}>
          {measureText(reading.value, unit, facts?.resolution)}
        </Text>
      )}
      <Text size="xs" c="dimmed">
        {conditionText(rule.condition, unit)}
      </Text>
    </>
  );
};
