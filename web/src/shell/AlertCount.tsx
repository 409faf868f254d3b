import { Badge } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { openAlertsQuery } from '../api/alerts.ts';
import { useMay } from '../api/me.tsx';
import { devicesQuery } from '../api/queries.ts';
import { texts } from '../texts.ts';

/** How many alerts are open at all sites; in colour while one of them is active and nobody has seen it. */
export const AlertCount = () => {
  const may = useMay();
  const { data: devices = [] } = useQuery(devicesQuery);
  const sites = [...new Set(devices.map(({ site }) => site))].filter((site) => may('alerts:read', site));
  const alerts = useQueries({ queries: sites.map(openAlertsQuery) }).flatMap(({ data = [] }) => data);
  if (alerts.length === 0) return null;
  const waiting = alerts.filter(({ state, quiet }) => state === 'unacknowledged' && quiet === undefined);
  return (
    <Badge
      variant={waiting.length > 0 ? 'filled' : 'light'}
      color={waiting.length > 0 ? 'red.9' : 'gray'}
      size="sm"
      className="alert-count"
      data-open={alerts.length}
    >
      <span aria-hidden>{alerts.length}</span>
      <span className="visually-hidden">{texts.alerts.count(alerts.length, waiting.length)}</span>
    </Badge>
  );
};
