import {
  Alert,
  Button,
  Code,
  Group,
  Loader,
  Modal,
  ScrollArea,
  Stack,
  Table,
  Tabs,
  Text,
} from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { qualityName } from '../../../../contracts/quality.ts';
import { ask } from '../../api/client.ts';
import { type QuarantinedMessage, readQuarantined, replayQuarantined } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { timeText } from '../../charts/zone.ts';
import { type Decoded, decodeInWorker } from '../../live/decode.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';
import { asHex, asText, fromBase64 } from './bytes.ts';

/** Points that are shown of a message. */
const MOST_POINTS = 200;

const pathOf = (id: string) => {
  const [site = '', device = '', date = '', sequence = ''] = id.split('/');
  return { site, device, date, sequence };
};

interface Props {
  readonly id: string | null;
  readonly onClose: () => void;
}

/** One message of the quarantine: what it is, why it is there, and taking it again. */
export const EntryDialog = ({ id, onClose }: Props) => {
  const { quarantine: words } = texts;
  const may = useMay();
  const queries = useQueryClient();
  const { data, error } = useQuery({
    queryKey: ['quarantined', id],
    queryFn: () => ask(readQuarantined({ path: pathOf(id ?? '') })),
    enabled: id !== null,
    // Once it is taken again its state follows: one watches it succeed.
    refetchInterval: ({ state }) =>
      state.data?.replay !== undefined && state.data.state === 'open' ? 1000 : false,
  });
  const replay = useMutation({
    mutationFn: () => ask(replayQuarantined({ path: pathOf(id ?? '') })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['quarantined', id] });
      await queries.invalidateQueries({ queryKey: ['quarantine'] });
    },
  });
  const replays = data !== undefined && data.site !== null && may('quarantine:replay', data.site);
  const close = (): void => {
    replay.reset();
    onClose();
  };
  return (
    <Modal opened={id !== null} onClose={close} size="xl" title={words.entry}>
      {error !== null && <ProblemView error={error} />}
      {data === undefined && error === null && <Loader role="status" aria-label={texts.loading} />}
      {data !== undefined && (
        <Stack>
          {data.notes.map(({ code, detail, pointer, points }) => (
            <Alert key={code} color="yellow" variant="light" title={code}>
              {detail} {pointer !== undefined && <Code>{pointer}</Code>}{' '}
              {points > 0 ? words.points(points) : ''}
            </Alert>
          ))}
          <Message entry={data} />
          {replay.isError && <ProblemView error={replay.error} />}
          <div role="status" data-entry-state={data.state}>
            {data.state === 'settled' ? (
              <Alert color="green" variant="light">
                {words.isSettled(data.replay?.by ?? '')}
              </Alert>
            ) : data.replay !== undefined || replay.isSuccess ? (
              <Alert color="gray" icon={<Loader size="xs" aria-hidden />}>
                {words.underWay}
              </Alert>
            ) : null}
          </div>
          {replays && data.state === 'open' && (
            <Group justify="flex-end">
              <Text size="sm" c="dimmed">
                {words.replayHint}
              </Text>
              <Button loading={replay.isPending} onClick={() => replay.mutate()}>
                {words.replay}
              </Button>
            </Group>
          )}
        </Stack>
      )}
    </Modal>
  );
};

const Message = ({ entry }: { entry: QuarantinedMessage }) => {
  const { quarantine: words } = texts;
  const bytes = fromBase64(entry.bytes);
  const { data: decoded, error } = useQuery({
    queryKey: ['decoded', entry.id],
    queryFn: () => decodeInWorker(bytes, Date.parse(entry.arrived) * 1000),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: entry.damaged !== true,
  });
  const text = asText(bytes);
  return (
    <Tabs defaultValue={text === undefined ? 'hex' : 'text'}>
      <Tabs.List>
        {text !== undefined && <Tabs.Tab value="text">{words.text}</Tabs.Tab>}
        <Tabs.Tab value="hex">{words.hex}</Tabs.Tab>
        <Tabs.Tab value="decoded">{words.decoded}</Tabs.Tab>
      </Tabs.List>
      {text !== undefined && (
        <Tabs.Panel value="text" pt="xs">
          <ScrollArea.Autosize mah={320} tabIndex={0}>
            <Code block>{text}</Code>
          </ScrollArea.Autosize>
        </Tabs.Panel>
      )}
      <Tabs.Panel value="hex" pt="xs">
        <ScrollArea.Autosize mah={320} tabIndex={0}>
          <Code block>{asHex(bytes)}</Code>
        </ScrollArea.Autosize>
      </Tabs.Panel>
      <Tabs.Panel value="decoded" pt="xs">
        {error !== null && <ProblemView error={error} />}
        {decoded !== undefined && <DecodedView decoded={decoded} />}
      </Tabs.Panel>
    </Tabs>
  );
};

const DecodedView = ({ decoded: { message, fault } }: { decoded: Decoded }) => {
  const { zone } = useZone();
  const { quarantine: words } = texts;
  if (fault !== undefined)
    return (
      <Alert color="red" variant="light" title={fault.code}>
        {fault.detail} {fault.pointer !== undefined && <Code>{fault.pointer}</Code>}
      </Alert>
    );
  const points = message.columns.flatMap(({ channel, unit, time, value, quality }) =>
    time.map((micros, place) => ({
      channel,
      unit: unit ?? '',
      millis: micros / 1000,
      value: String(value[place]),
      quality: quality === undefined ? 'good' : qualityName(quality[place] ?? 0),
    })),
  );
  return (
    <Stack gap="xs">
      <Text size="sm">{words.message(message.format, message.points, message.faults.length)}</Text>
      <ScrollArea.Autosize mah={320} tabIndex={0}>
        <Table striped withTableBorder className="numeric" fz="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{texts.device.channel}</Table.Th>
              <Table.Th>{texts.chart.time}</Table.Th>
              <Table.Th>{texts.device.value}</Table.Th>
              <Table.Th>{texts.device.quality}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {points.slice(0, MOST_POINTS).map(({ channel, unit, millis, value, quality }) => (
              <Table.Tr key={`${channel} ${millis}`}>
                <Table.Td>{channel}</Table.Td>
                <Table.Td>{timeText(millis, zone, true)}</Table.Td>
                <Table.Td>
                  {value} {unit}
                </Table.Td>
                <Table.Td>{quality}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {points.length > MOST_POINTS && (
          <Text size="xs" c="dimmed">
            {texts.chart.rows(MOST_POINTS, points.length)}
          </Text>
        )}
      </ScrollArea.Autosize>
      {message.faults.map(({ code, pointer }) => (
        <Text key={`${code} ${pointer}`} size="sm">
          {code} <Code>{pointer}</Code>
        </Text>
      ))}
    </Stack>
  );
};
