import { Anchor, Badge, Button, Group, Paper, Progress, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ask, askAll } from '../../api/client.ts';
import { cancelExport, listExportFiles, readExport } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { bytesText } from '../../charts/numbers.ts';
import { timeText } from '../../charts/zone.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';

interface Props {
  readonly id: string;
  readonly onForget: () => void;
}

/** An export: how far it is, and its files once it is there. */
export const ExportCard = ({ id, onForget }: Props) => {
  const { zone } = useZone();
  const may = useMay();
  const queries = useQueryClient();
  const { data, error } = useQuery({
    queryKey: ['export', id],
    queryFn: () => ask(readExport({ path: { id } })),
    refetchInterval: ({ state }) =>
      state.data?.state === 'queued' || state.data?.state === 'running' ? 1500 : false,
  });
  const cancel = useMutation({
    mutationFn: () => ask(cancelExport({ path: { id } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['export', id] }),
  });
  const { exports: words } = texts;
  const open = data?.state === 'queued' || data?.state === 'running';
  return (
    <Paper withBorder p="sm" data-export={id} data-state={data?.state}>
      {error !== null && <ProblemView error={error} />}
      {data !== undefined && (
        <>
          <Group justify="space-between">
            <Text size="sm">
              {data.query.devices.join(', ')} · {timeText(Date.parse(data.query.from), zone)} –{' '}
              {timeText(Date.parse(data.query.to), zone)} · {words.formats[data.query.format]}
            </Text>
            <Badge
              variant="light"
              color={data.state === 'failed' ? 'red' : 'gray'}
              tt="none"
              className="state-badge"
              role="status"
            >
              {words.states[data.state]}
            </Badge>
          </Group>
          {open && (
            <Progress value={data.progress.share * 100} my="xs" aria-label={words.states[data.state]} />
          )}
          <Text size="xs" c="dimmed">
            {words.progress(data.progress.files, data.progress.rows, bytesText(data.progress.bytes))} ·{' '}
            {words.until(timeText(Date.parse(data.expiresAt), zone))}
          </Text>
          {data.state === 'succeeded' && <Files id={id} />}
        </>
      )}
      {cancel.isError && <ProblemView error={cancel.error} />}
      <Group mt="xs" gap="xs">
        {open && may('exports:create') && (
          <Button
            size="compact-xs"
            variant="default"
            loading={cancel.isPending}
            onClick={() => cancel.mutate()}
          >
            {texts.commands.cancel}
          </Button>
        )}
        {!open && (
          <Button size="compact-xs" variant="subtle" onClick={onForget}>
            {words.forget}
          </Button>
        )}
      </Group>
    </Paper>
  );
};

/** Links work for some minutes only: they are asked for anew before that. */
const LINKS_FOR = 10 * 60_000;

const Files = ({ id }: { id: string }) => {
  const { data, error } = useQuery({
    queryKey: ['export-files', id],
    queryFn: () =>
      askAll((cursor) => listExportFiles({ path: { id }, query: { limit: 500, ...(cursor && { cursor }) } })),
    staleTime: LINKS_FOR,
    refetchInterval: LINKS_FOR,
  });
  const { exports: words } = texts;
  if (error !== null) return <ProblemView error={error} />;
  if (data === undefined) return null;
  return (
    <Table fz="sm" className="numeric">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{words.file}</Table.Th>
          <Table.Th>{words.rows}</Table.Th>
          <Table.Th>{texts.quarantine.size}</Table.Th>
          <Table.Th>SHA-256</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {data.map(({ name, rows, bytes, sha256, url }) => (
          <Table.Tr key={name}>
            <Table.Td>
              <Anchor href={url} rel="noopener" download>
                {name}
              </Anchor>
            </Table.Td>
            <Table.Td>{rows}</Table.Td>
            <Table.Td>{bytesText(bytes)}</Table.Td>
            <Table.Td title={sha256}>{sha256.slice(0, 12)}…</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
};
