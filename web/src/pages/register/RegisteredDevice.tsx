import { Alert, Button, Group, Loader, Stack, Text, Title } from '@mantine/core';
import { IconCheck, IconDownload } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { InstrumentType, Registered } from '../../api/gen/index.ts';
import { latestQuery } from '../../api/queries.ts';
import { measureText } from '../../charts/numbers.ts';
import { CopyText } from '../../shell/CopyText.tsx';
import { download } from '../../shell/download.ts';
import { Page } from '../../shell/Page.tsx';
import { texts } from '../../texts.ts';
import { firstValueLine, folderOf } from './folder.ts';
import { zip } from './zip.ts';

interface Props {
  readonly registered: Registered;
  /** PEM; it was made here and is nowhere else. */
  readonly privateKey: string;
  readonly type: InstrumentType;
  readonly onAnother: () => void;
}

/** What to do with a device that was just registered, until its first value is there. */
export const RegisteredDevice = ({ registered, privateKey, type, onAnother }: Props) => {
  const { id, name } = registered.device;
  const [saved, setSaved] = useState(false);
  const queries = useQueryClient();
  const { data } = useQuery({
    ...latestQuery(id),
    refetchInterval: ({ state }) => (state.data?.items.length ? false : 1500),
  });
  const first = data?.items[0];
  const { register: words } = texts;

  useEffect(() => {
    void queries.invalidateQueries({ queryKey: ['devices'] });
  }, [queries]);
  useEffect(() => {
    if (saved) return;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [saved]);

  return (
    <Page title={words.done(name ?? id)} intro={`${registered.device.site} · ${type.name}`}>
      <Stack maw={820}>
        <Title order={2} size="h4">
          1. {words.save}
        </Title>
        <Text size="sm">{words.saveHint}</Text>
        <Group>
          <Button
            leftSection={<IconDownload size={16} aria-hidden />}
            variant={saved ? 'default' : 'filled'}
            onClick={() => {
              download(`${id}.zip`, zip(folderOf(registered, privateKey, type)), 'application/zip');
              setSaved(true);
            }}
          >
            {id}.zip
          </Button>
        </Group>
        <Title order={2} size="h4">
          2. {words.send}
        </Title>
        <Text size="sm">{words.sendHint(id)}</Text>
        <CopyText text={firstValueLine(registered, type)} label={words.send} />
        <div role="status" data-first-value={first !== undefined}>
          {first === undefined ? (
            <Alert color="gray" icon={<Loader size="xs" aria-hidden />} title={words.waiting} />
          ) : (
            <Alert color="green" icon={<IconCheck aria-hidden />} title={words.arrived}>
              {first.n}: {measureText(first.v, first.u, type.channels[first.n]?.resolution)}
            </Alert>
          )}
        </div>
        <Group>
          <Button component={Link} href={`/devices/${id}`} variant="default">
            {words.open}
          </Button>
          <Button variant="default" onClick={onAnother}>
            {words.another}
          </Button>
        </Group>
      </Stack>
    </Page>
  );
};
