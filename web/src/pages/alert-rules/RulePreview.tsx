import { Button, Fieldset, Group, ScrollArea, Select, Stack, Table, Text } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { AlertPreview } from '../../api/gen/index.ts';
import { devicesQuery, typesQuery } from '../../api/queries.ts';
import { measureText } from '../../charts/numbers.ts';
import { timeText } from '../../charts/zone.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';

export interface PreviewOf {
  readonly device: string;
  readonly seconds: number;
}

interface Props {
  readonly type: string;
  readonly channel: string;
  readonly pending: boolean;
  readonly error: unknown;
  readonly result: AlertPreview | undefined;
  /** Whether the rule is another one by now. */
  readonly old: boolean;
  readonly onTry: (of: PreviewOf) => void;
}

/** What a rule would have said of past data, before it is kept. */
export const RulePreview = ({ type, channel, pending, error, result, old, onTry }: Props) => {
  const { zone } = useZone();
  const { data: devices } = useSuspenseQuery(devicesQuery);
  const { data: types } = useSuspenseQuery(typesQuery);
  const ofType = devices.filter((each) => each.type === type).map(({ id }) => id);
  const [chosen, setChosen] = useState<string | null>(null);
  const [seconds, setSeconds] = useState('86400');
  const device = chosen !== null && ofType.includes(chosen) ? chosen : ofType[0];
  const facts = types.find(({ id }) => id === type)?.channels[channel];
  const { preview: words } = texts.alertRules;
  const time = (text: string): string => timeText(Date.parse(text), zone);
  return (
    <Fieldset legend={words.legend} p="md">
      <Stack gap="sm">
        <Group align="flex-end">
          <Select
            label={words.device}
            data={ofType}
            searchable
            value={device ?? null}
            allowDeselect={false}
            onChange={setChosen}
          />
          <Select
            label={words.range}
            data={Object.entries(words.ranges).map(([value, label]) => ({ value, label }))}
            value={seconds}
            allowDeselect={false}
            onChange={(value) => setSeconds(value ?? '86400')}
          />
          <Button
            variant="default"
            loading={pending}
            disabled={device === undefined}
            onClick={() => onTry({ device: device ?? '', seconds: Number(seconds) })}
          >
            {words.run}
          </Button>
        </Group>
        {error !== null && <ProblemView error={error} />}
        <div role="status">
          {result !== undefined && (
            <Text fw={600} data-preview={result.count}>
              {words.result(result.count, result.points)}
            </Text>
          )}
          {result !== undefined && old && (
            <Text size="sm" c="dimmed">
              {words.old}
            </Text>
          )}
        </div>
        {result !== undefined && result.alerts.length > 0 && (
          <ScrollArea.Autosize mah={260} viewportProps={{ tabIndex: 0 }}>
            <Table striped withTableBorder className="numeric" fz="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{words.raised}</Table.Th>
                  <Table.Th>{words.returned}</Table.Th>
                  <Table.Th>{words.value}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {result.alerts.map(({ raisedAt, returnedAt, value }) => (
                  <Table.Tr key={raisedAt}>
                    <Table.Td>{time(raisedAt)}</Table.Td>
                    <Table.Td>{returnedAt === null ? words.goesOn : time(returnedAt)}</Table.Td>
                    <Table.Td>
                      {value === undefined ? '' : measureText(value, facts?.unit ?? '1', facts?.resolution)}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea.Autosize>
        )}
      </Stack>
    </Fieldset>
  );
};
