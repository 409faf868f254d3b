import { Badge, Button, Group, Select, Stack, Table, Text, Title } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'wouter';
import { alertRulesQuery } from '../../api/alerts.ts';
import type { AlertRule, InstrumentType } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { typesQuery } from '../../api/queries.ts';
import { Page } from '../../shell/Page.tsx';
import { texts } from '../../texts.ts';
import { conditionText } from '../alerts/alert-text.ts';
import { PriorityMark } from '../alerts/PriorityMark.tsx';

/** Alert rules, by the instrument type that they are of. */
const AlertRules = () => {
  const may = useMay();
  const { data: rules } = useSuspenseQuery(alertRulesQuery);
  const { data: types } = useSuspenseQuery(typesQuery);
  const [search, setSearch] = useSearchParams();
  const asked = search.get('type');
  const { alertRules: words } = texts;
  const shown = types.filter(
    ({ id }) => (asked === null || id === asked) && rules.some((rule) => rule.type === id),
  );
  return (
    <Page
      title={words.title}
      intro={words.intro}
      actions={
        <Group gap="xs">
          <Select
            aria-label={words.type}
            data={types.map(({ id, name }) => ({ value: id, label: name }))}
            value={asked}
            placeholder={texts.all}
            clearable
            onChange={(value) => setSearch(value === null ? {} : { type: value }, { replace: true })}
          />
          {may('alert-rules:manage') && (
            <Button
              component={Link}
              href={`/alert-rules/new${asked === null ? '' : `?type=${asked}`}`}
              leftSection={<IconPlus size={16} aria-hidden />}
            >
              {words.add}
            </Button>
          )}
        </Group>
      }
    >
      {shown.length === 0 && <Text role="status">{words.none}</Text>}
      {shown.map((type) => (
        <Stack key={type.id} gap="xs" component="section" aria-label={type.name}>
          <Title order={2} size="h4">
            {type.name}
          </Title>
          <Rules type={type} rules={rules.filter((rule) => rule.type === type.id)} />
        </Stack>
      ))}
    </Page>
  );
};

const scopeText = ({ site, devices }: AlertRule): string => {
  const { alertRules: words } = texts;
  const parts = [...(site === undefined ? [] : [words.atSite(site)]), ...(devices ?? [])];
  return parts.length === 0 ? words.everywhere : parts.join(', ');
};

const Rules = ({ type, rules }: { type: InstrumentType; rules: readonly AlertRule[] }) => {
  const { alertRules: words } = texts;
  const { column } = words;
  return (
    <Table.ScrollContainer minWidth={760}>
      <Table striped withTableBorder>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{column.name}</Table.Th>
            <Table.Th>{words.fields.priority}</Table.Th>
            <Table.Th>{column.channel}</Table.Th>
            <Table.Th>{column.condition}</Table.Th>
            <Table.Th>{column.scope}</Table.Th>
            <Table.Th>{column.state}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rules.map((rule) => (
            <Table.Tr key={rule.id} data-rule={rule.id}>
              <Table.Td>
                <Link href={`/alert-rules/${type.id}/${rule.id}`}>{rule.name}</Link>
                <Text size="xs" c="dimmed">
                  {rule.id}
                </Text>
              </Table.Td>
              <Table.Td>
                <PriorityMark priority={rule.priority} grey />
              </Table.Td>
              <Table.Td>{rule.channel ?? texts.alerts.wholeDevice}</Table.Td>
              <Table.Td>
                {conditionText(rule.condition, type.channels[rule.channel ?? '']?.unit ?? '1')}
              </Table.Td>
              <Table.Td>{scopeText(rule)}</Table.Td>
              <Table.Td>
                <Badge
                  variant="light"
                  color={rule.enabled && rule.suppression === undefined ? 'gray' : 'yellow'}
                  tt="none"
                  fw={500}
                  className="state-badge"
                >
                  {!rule.enabled ? words.off : rule.suppression === undefined ? words.on : words.suppressed}
                </Badge>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
};

export default AlertRules;
