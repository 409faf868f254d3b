import { Alert, Button, Group, Loader, Paper, SegmentedControl, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useSearchParams } from 'wouter';
import { ask } from '../../api/client.ts';
import { readManySeries } from '../../api/gen/index.ts';
import { axisTitle } from '../../charts/Chart.tsx';
import { ChartWithLegend } from '../../charts/ChartWithLegend.tsx';
import { CurveTable } from '../../charts/CurveTable.tsx';
import { type Curve, curvesOf, isLine } from '../../charts/curves.ts';
import { boundsOf, type Range } from '../../charts/range.ts';
import { TimeBar } from '../../charts/TimeBar.tsx';
import { Page } from '../../shell/Page.tsx';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';
import { aggregateSeries } from './aggregates.ts';
import { QueryForm } from './QueryForm.tsx';
import { apiQuery, type ExploreQuery, queryFromUrl, queryToUrl, VIEWS } from './query.ts';
import { Take } from './Take.tsx';

/** Points or buckets of one view; more are for an export. */
const MOST = 50_000;

const Explore = () => {
  const { zone } = useZone();
  const [search, setSearch] = useSearchParams();
  const query = useMemo(() => queryFromUrl(search), [search]);
  const set = (change: Partial<ExploreQuery>): void =>
    setSearch(queryToUrl({ ...query, ...change }), { replace: true });
  // A range that goes on is asked at the moment in which something was changed; it goes on when one asks for it.
  const [now, setNow] = useState(Date.now);
  const { from, to } = boundsOf(query.range, now);
  const { data, error, isFetching } = useQuery({
    queryKey: ['explore', queryToUrl({ ...query, view: 'chart' }).toString(), now],
    enabled: query.devices.length > 0,
    queryFn: () =>
      ask(readManySeries({ query: { ...apiQuery(query, now), layout: 'columns', limit: MOST } })),
    placeholderData: keepPreviousData,
  });
  const curves = useMemo(
    () => curvesOf(aggregateSeries(data?.columns ?? {}, query.agg), '', {}),
    [data, query.agg],
  );
  const setRange = (range: Range): void => {
    setNow(Date.now());
    set({ range });
  };
  const { explore: words } = texts;
  return (
    <Page title={words.title} intro={words.intro}>
      <QueryForm query={query} set={set} />
      <Group justify="space-between">
        <TimeBar range={query.range} zone={zone} onRange={setRange} />
        <Group gap="xs">
          {isFetching && <Loader size="xs" role="status" aria-label={texts.loading} />}
          <Button size="xs" variant="default" onClick={() => setNow(Date.now())}>
            {words.refresh}
          </Button>
          <SegmentedControl
            size="xs"
            aria-label={words.view}
            value={query.view}
            onChange={(view) => set({ view })}
            data={VIEWS.map((value) => ({ value, label: words.views[value] }))}
          />
        </Group>
      </Group>
      {error !== null && <ProblemView error={error} />}
      {query.devices.length === 0 && <Text c="dimmed">{words.choose}</Text>}
      {data !== undefined && data.next !== null && (
        <Alert color="yellow" role="status">
          {words.cut(MOST)}
        </Alert>
      )}
      {data !== undefined && curves.length === 0 && <Text role="status">{texts.chart.empty}</Text>}
      {curves.length > 0 &&
        (query.view === 'chart' ? (
          <Charts curves={curves} from={from} to={to} zone={zone} onRange={setRange} />
        ) : (
          <Paper withBorder>
            <CurveTable curves={charted(curves)} zone={zone} />
          </Paper>
        ))}
      {query.devices.length > 0 && <Take query={query} now={now} />}
    </Page>
  );
};

const charted = (curves: readonly Curve[]) =>
  curves.map((curve) => ({ curve, label: `${curve.device} ${curve.channel}`, step: false }));

interface ChartsProps {
  readonly curves: readonly Curve[];
  readonly from: number;
  readonly to: number;
  readonly zone: string;
  readonly onRange: (range: Range) => void;
}

const Charts = ({ curves, ...rest }: ChartsProps) => {
  const units = [...new Set(curves.filter(isLine).map(({ unit }) => unit))];
  return (
    <Stack gap="sm">
      {units.map((unit) => (
        <Paper key={unit} withBorder p="xs">
          <Text component="h2" fw={600} size="sm" px={4} m={0}>
            {axisTitle(unit)}
          </Text>
          <ChartWithLegend
            id={`explore/${unit}`}
            title={axisTitle(unit)}
            curves={charted(curves.filter((curve) => curve.unit === unit && isLine(curve)))}
            height={280}
            sync="explore"
            {...rest}
          />
        </Paper>
      ))}
    </Stack>
  );
};

export default Explore;
