import { Alert, Badge, Button, Code, Group, Select, Table, Text, TextInput } from '@mantine/core';
import { IconShieldCheck, IconShieldX } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ChainFault } from '../../../../contracts/audit-chain.ts';
import { ask } from '../../api/client.ts';
import { type AuditEntry, listAudit } from '../../api/gen/index.ts';
import { devicesQuery } from '../../api/queries.ts';
import { timeText } from '../../charts/zone.ts';
import { Page } from '../../shell/Page.tsx';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';
import { verifyAudit } from './verify.ts';

const COLOURS = { done: 'gray', denied: 'yellow', refused: 'yellow', failed: 'red' } as const;

/** Who changed what, and who was denied what. */
const Audit = () => {
  const { zone } = useZone();
  const { data: devices } = useSuspenseQuery(devicesQuery);
  const [site, setSite] = useState<string | null>(null);
  const [subject, setSubject] = useState('');
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['audit', site, subject],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      ask(
        listAudit({
          query: {
            limit: 100,
            ...(site === null ? {} : { site }),
            ...(subject === '' ? {} : { subject }),
            ...(pageParam === '' ? {} : { cursor: pageParam }),
          },
        }),
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const entries = data?.pages.flatMap(({ items }) => items) ?? [];
  const { audit: words } = texts;
  return (
    <Page title={words.title} intro={words.intro}>
      <Group align="flex-end">
        <Select
          label={texts.overview.site}
          data={[...new Set(devices.map((each) => each.site))].sort()}
          value={site}
          placeholder={words.noSite}
          clearable
          onChange={setSite}
        />
        <TextInput
          label={words.subject}
          value={subject}
          onChange={({ currentTarget }) => setSubject(currentTarget.value)}
        />
        <Verify key={site} site={site ?? undefined} />
      </Group>
      {error !== null && <ProblemView error={error} />}
      {data !== undefined && entries.length === 0 && <Text role="status">{words.none}</Text>}
      {entries.length > 0 && (
        <Table.ScrollContainer minWidth={860}>
          <Table striped withTableBorder fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{texts.commands.column.time}</Table.Th>
                <Table.Th>{words.who}</Table.Th>
                <Table.Th>{words.action}</Table.Th>
                <Table.Th>{words.resource}</Table.Th>
                <Table.Th>{words.outcome}</Table.Th>
                <Table.Th>{words.place}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {entries.map((entry) => (
                <Entry key={`${entry.lane} ${entry.seq}`} entry={entry} zone={zone} onSubject={setSubject} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {hasNextPage && (
        <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {texts.more}
        </Button>
      )}
    </Page>
  );
};

interface EntryProps {
  readonly entry: AuditEntry;
  readonly zone: string;
  readonly onSubject: (subject: string) => void;
}

const Entry = ({ entry, zone, onSubject }: EntryProps) => {
  const { at, actor, action, resource, outcome, code, reason, lane, seq, hash, tries } = entry;
  return (
    <Table.Tr>
      <Table.Td className="numeric">{timeText(Date.parse(at), zone)}</Table.Td>
      <Table.Td>
        <Button variant="subtle" size="compact-xs" onClick={() => onSubject(actor.subject)}>
          {actor.name}
        </Button>
        <Text size="xs" c="dimmed">
          {actor.grants.join(', ')}
        </Text>
      </Table.Td>
      <Table.Td>{action}</Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>
        {resource === undefined ? '' : `${resource.kind} ${resource.id}`}
        {reason !== undefined && (
          <Text size="xs" c="dimmed">
            {reason}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Badge color={COLOURS[outcome]} variant="light" tt="none" className="state-badge">
          {texts.audit.outcomes[outcome]}
        </Badge>
        {code !== undefined && <Text size="xs">{code}</Text>}
        {tries !== undefined && tries > 1 && <Text size="xs">{texts.audit.tries(tries)}</Text>}
      </Table.Td>
      <Table.Td>
        <Code title={hash}>
          {lane}/{seq} {hash.slice(0, 8)}
        </Code>
      </Table.Td>
    </Table.Tr>
  );
};

const Verify = ({ site }: { site: string | undefined }) => {
  const [count, setCount] = useState(0);
  const verify = useMutation({ mutationFn: () => verifyAudit(site, setCount) });
  const { audit: words } = texts;
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconShieldCheck size={16} aria-hidden />}
        loading={verify.isPending}
        onClick={() => verify.mutate()}
      >
        {words.verify}
      </Button>
      <div role="status" data-verified={verify.isSuccess}>
        {verify.isPending && words.verifying(count)}
        {verify.isSuccess && (
          <Alert color="green" variant="light" icon={<IconShieldCheck aria-hidden />} py={6}>
            {words.verified(verify.data)}
          </Alert>
        )}
        {verify.isError &&
          (verify.error instanceof ChainFault ? (
            <Alert color="red" variant="light" icon={<IconShieldX aria-hidden />} title={words.broken} py={6}>
              {words.brokenAt(verify.error.place)}: {verify.error.message}
            </Alert>
          ) : (
            <ProblemView error={verify.error} />
          ))}
      </div>
    </>
  );
};

export default Audit;
