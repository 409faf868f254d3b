import { Group, Select, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useSuspenseQuery } from '@tanstack/react-query';
import { useDeferredValue, useMemo } from 'react';
import { useSearchParams } from 'wouter';
import type { Device } from '../../api/gen/index.ts';
import { devicesQuery, typesQuery } from '../../api/queries.ts';
import { Page } from '../../shell/Page.tsx';
import { texts } from '../../texts.ts';
import { SiteTiles } from './SiteTiles.tsx';

/** All that a search looks at. */
const words = ({ id, name, type, site, serial, location, labels }: Device): string =>
  [id, name, type, site, serial, location?.room, ...Object.entries(labels ?? {}).flat()]
    .join(' ')
    .toLowerCase();

const Overview = () => {
  const { data: devices } = useSuspenseQuery(devicesQuery);
  const { data: types } = useSuspenseQuery(typesQuery);
  const [search, setSearch] = useSearchParams();
  const typed = search.get('q') ?? '';
  const query = useDeferredValue(typed);
  const [site, type] = [search.get('site'), search.get('type')];
  const set = (name: string, value: string | null): void =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === null || value === '') next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );

  const known = useMemo(() => devices.filter(({ state }) => state !== 'retired'), [devices]);
  const sites = useMemo(() => [...new Set(known.map((each) => each.site))].sort(), [known]);
  const typesById = useMemo(() => new Map(types.map((each) => [each.id, each] as const)), [types]);
  const found = useMemo(() => {
    const asked = query.toLowerCase().split(/\s+/).filter(Boolean);
    return known.filter(
      (each) =>
        (site === null || each.site === site) &&
        (type === null || each.type === type) &&
        asked.every((word) => words(each).includes(word)),
    );
  }, [known, query, site, type]);

  return (
    <Page
      title={texts.overview.title}
      intro={`${texts.overview.intro(known.length, sites.length)} ${
        found.length === known.length ? '' : `· ${texts.overview.shown(found.length, known.length)}`
      }`}
    >
      <Group gap="sm" align="flex-end">
        <TextInput
          label={texts.search}
          placeholder={texts.overview.search}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={typed}
          onChange={({ currentTarget }) => set('q', currentTarget.value)}
          type="search"
          w={{ base: '100%', xs: 320 }}
        />
        <Select
          label={texts.overview.site}
          data={sites}
          value={site}
          onChange={(value) => set('site', value)}
          placeholder={texts.all}
          clearable
          searchable
          w={{ base: '47%', xs: 180 }}
        />
        <Select
          label={texts.overview.type}
          data={types.map(({ id, name }) => ({ value: id, label: name }))}
          value={type}
          onChange={(value) => set('type', value)}
          placeholder={texts.all}
          clearable
          searchable
          w={{ base: '47%', xs: 220 }}
        />
      </Group>
      {found.length === 0 && (
        <Text role="status">{known.length === 0 ? texts.overview.nothing : texts.overview.noMatch}</Text>
      )}
      {sites.map((each) => {
        const here = found.filter((device) => device.site === each);
        return here.length === 0 ? null : (
          <Stack key={each} gap="xs" component="section">
            <Title order={2} size="h4">
              {each}{' '}
              <Text span c="dimmed" fw={400}>
                {here.length}
              </Text>
            </Title>
            <SimpleGrid cols={{ base: 1, xs: 2, lg: 3, xl: 5 }} spacing="sm">
              <SiteTiles site={each} devices={here} types={typesById} />
            </SimpleGrid>
          </Stack>
        );
      })}
    </Page>
  );
};

export default Overview;
