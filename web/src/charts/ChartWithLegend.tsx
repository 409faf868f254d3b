import { Button, Group, ScrollArea, TextInput, UnstyledButton, useComputedColorScheme } from '@mantine/core';
import { IconChartLine, IconTable } from '@tabler/icons-react';
import { type ComponentProps, useMemo, useState } from 'react';
import { texts } from '../texts.ts';
import { Chart } from './Chart.tsx';
import { CurveTable } from './CurveTable.tsx';
import { colourOf, dashOf } from './palette.ts';

/** More curves than this get a legend with a search. */
const MANY = 12;

/** A chart, with a legend that shows and hides curves, and the same data as a table. */
export const ChartWithLegend = (props: ComponentProps<typeof Chart>) => {
  const { curves, zone } = props;
  const scheme = useComputedColorScheme('light');
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [query, setQuery] = useState('');
  const [table, setTable] = useState(false);
  const shown = useMemo(
    () => curves.map((each) => ({ ...each, hidden: hidden.has(each.label) })),
    [curves, hidden],
  );
  const flip = (label: string): void => {
    const next = new Set(hidden);
    if (!next.delete(label)) next.add(label);
    setHidden(next);
  };
  const many = curves.length > MANY;
  return (
    <>
      {table ? <CurveTable curves={shown} zone={zone} /> : <Chart {...props} curves={shown} />}
      <Group justify="space-between" wrap="nowrap" align="flex-start" px={4} gap="xs">
        <div>
          {many && (
            <TextInput
              size="xs"
              aria-label={texts.chart.legendSearch}
              placeholder={texts.chart.legendSearch}
              value={query}
              onChange={({ currentTarget }) => setQuery(currentTarget.value)}
            />
          )}
          {curves.length > 1 && (
            <ScrollArea.Autosize mah={many ? 110 : undefined}>
              <Group gap="xs" role="group" aria-label={texts.chart.legend}>
                {curves.map(({ label }, place) =>
                  label.toLowerCase().includes(query.toLowerCase()) ? (
                    <UnstyledButton
                      key={label}
                      className="legend-item"
                      aria-pressed={!hidden.has(label)}
                      title={hidden.has(label) ? texts.chart.show(label) : texts.chart.hide(label)}
                      onClick={() => flip(label)}
                    >
                      <svg width="26" height="8" aria-hidden="true">
                        <line
                          x1="0"
                          x2="26"
                          y1="4"
                          y2="4"
                          stroke={colourOf(place, scheme)}
                          strokeWidth="2.5"
                          strokeDasharray={dashOf(place).join(' ')}
                        />
                      </svg>
                      {label}
                    </UnstyledButton>
                  ) : null,
                )}
              </Group>
            </ScrollArea.Autosize>
          )}
        </div>
        <Button
          variant="subtle"
          size="compact-xs"
          flex="none"
          leftSection={table ? <IconChartLine size={14} aria-hidden /> : <IconTable size={14} aria-hidden />}
          onClick={() => setTable(!table)}
        >
          {table ? texts.chart.curve : texts.chart.table}
        </Button>
      </Group>
    </>
  );
};
