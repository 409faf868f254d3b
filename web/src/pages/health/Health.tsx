import { Alert, Badge, Table } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useSuspenseQuery } from '@tanstack/react-query';
import { ask } from '../../api/client.ts';
import { services } from '../../api/gen/index.ts';
import { Page } from '../../shell/Page.tsx';
import { texts } from '../../texts.ts';

/** Whether the parts of the platform work, each asked now. */
const Health = () => {
  const { data } = useSuspenseQuery({
    queryKey: ['health'],
    queryFn: () => ask(services()),
    refetchInterval: 15_000,
  });
  const { health: words } = texts;
  const well = data.status === 'ok';
  return (
    <Page title={words.title} intro={words.intro}>
      <Alert
        color={well ? 'gray' : 'red'}
        variant="light"
        role="status"
        icon={well ? <IconCircleCheck aria-hidden /> : <IconAlertTriangle aria-hidden />}
        title={words.status[data.status]}
      />
      <Table maw={720} withTableBorder striped>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{words.part}</Table.Th>
            <Table.Th>{texts.commands.column.state}</Table.Th>
            <Table.Th>{words.answered}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {data.services.map(({ name, status, millis, detail }) => (
            <Table.Tr key={name}>
              <Table.Td>{name}</Table.Td>
              <Table.Td>
                <Badge
                  variant="light"
                  color={status === 'ok' ? 'gray' : 'red'}
                  tt="none"
                  className="state-badge"
                >
                  {words.partStatus[status]}
                </Badge>{' '}
                {detail}
              </Table.Td>
              <Table.Td className="numeric">{Math.round(millis)} ms</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Page>
  );
};

export default Health;
