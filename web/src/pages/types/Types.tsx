import { Button, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { useMay } from '../../api/me.tsx';
import { devicesQuery, typesQuery } from '../../api/queries.ts';
import { Page } from '../../shell/Page.tsx';
import { texts } from '../../texts.ts';
import { NEW_TYPE } from './new-type.ts';

/** What kinds of instruments there are. */
const Types = () => {
  const may = useMay();
  const { data: types } = useSuspenseQuery(typesQuery);
  const { data: devices } = useSuspenseQuery(devicesQuery);
  const { types: words } = texts;
  return (
    <Page
      title={words.title}
      intro={words.intro}
      actions={
        may('types:create') && (
          <Button
            component={Link}
            href={`/types/${NEW_TYPE}`}
            leftSection={<IconPlus size={16} aria-hidden />}
          >
            {words.add}
          </Button>
        )
      }
    >
      {types.length === 0 && <Text>{words.none}</Text>}
      <Table.ScrollContainer minWidth={640}>
        <Table striped withTableBorder>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{words.fields.name}</Table.Th>
              <Table.Th>{words.fields.id}</Table.Th>
              <Table.Th>{words.channels}</Table.Th>
              <Table.Th>{words.commands}</Table.Th>
              <Table.Th>{words.devices}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {types.map((type) => (
              <Table.Tr key={type.id}>
                <Table.Td>
                  <Link href={`/types/${type.id}`}>{type.name}</Link>
                </Table.Td>
                <Table.Td>{type.id}</Table.Td>
                <Table.Td>{Object.keys(type.channels).join(', ')}</Table.Td>
                <Table.Td>{Object.keys(type.commands ?? {}).join(', ')}</Table.Td>
                <Table.Td className="numeric">
                  {devices.filter((each) => each.type === type.id && each.state !== 'retired').length}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Page>
  );
};

export default Types;
