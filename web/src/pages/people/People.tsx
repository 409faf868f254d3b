import { Badge, Button, Group, Modal, Table, Text } from '@mantine/core';
import { IconUserPlus } from '@tabler/icons-react';
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Grant, groupOf } from '../../../../contracts/roles.ts';
import { ask } from '../../api/client.ts';
import {
  disablePerson,
  enablePerson,
  invitePerson,
  type Person,
  replaceGrants,
  signOutPerson,
} from '../../api/gen/index.ts';
import { useMay, useMe } from '../../api/me.tsx';
import { devicesQuery, peopleQuery } from '../../api/queries.ts';
import { Page } from '../../shell/Page.tsx';
import { ReasonForm } from '../../shell/ReasonForm.tsx';
import { texts } from '../../texts.ts';
import { AddPerson } from './AddPerson.tsx';
import { GrantsField } from './GrantsField.tsx';

const ACTIONS = {
  disable: disablePerson,
  enable: enablePerson,
  'sign-out': signOutPerson,
  invite: invitePerson,
} as const;
type Action = keyof typeof ACTIONS | 'grants';

interface Chosen {
  readonly person: Person;
  readonly action: Action;
}

/** What may be done about somebody in a state. */
const actionsFor = ({ state }: Person): Action[] => [
  'grants',
  ...(state === 'invited' ? (['invite'] as const) : []),
  ...(state === 'disabled' ? (['enable'] as const) : (['sign-out', 'disable'] as const)),
];

/** People who may sign in, and what they may do. */
const People = () => {
  const me = useMe();
  const may = useMay();
  const { data: people } = useSuspenseQuery(peopleQuery);
  const { data: devices } = useSuspenseQuery(devicesQuery);
  const sites = [...new Set(devices.map(({ site }) => site))].sort();
  const [chosen, setChosen] = useState<Chosen>();
  const [adding, setAdding] = useState(false);
  const manages = may('people:manage');
  const { people: words } = texts;
  return (
    <Page
      title={words.title}
      actions={
        manages && (
          <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
            {words.add}
          </Button>
        )
      }
    >
      <Table.ScrollContainer minWidth={760}>
        <Table striped withTableBorder>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{words.name}</Table.Th>
              <Table.Th>{words.email}</Table.Th>
              <Table.Th>{words.grants}</Table.Th>
              <Table.Th>{texts.commands.column.state}</Table.Th>
              <Table.Th>{texts.commands.column.actions}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {people.map((person) => (
              <Table.Tr key={person.id} data-person={person.id}>
                <Table.Td>{person.id}</Table.Td>
                <Table.Td>{person.email}</Table.Td>
                <Table.Td>{person.grants.map(groupOf).join(', ')}</Table.Td>
                <Table.Td>
                  <Badge
                    variant="light"
                    color={person.state === 'active' ? 'gray' : 'yellow'}
                    tt="none"
                    className="state-badge"
                  >
                    {words.states[person.state]}
                  </Badge>
                </Table.Td>
                <Table.Td>
                  {person.subject === me.subject ? (
                    <Text size="xs" c="dimmed">
                      {words.yourself}
                    </Text>
                  ) : (
                    manages && (
                      <Group gap={6}>
                        {actionsFor(person).map((action) => (
                          <Button
                            key={action}
                            size="compact-xs"
                            variant="default"
                            onClick={() => setChosen({ person, action })}
                          >
                            {words.actions[action]}
                          </Button>
                        ))}
                      </Group>
                    )
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {chosen !== undefined && <Act chosen={chosen} sites={sites} onClose={() => setChosen(undefined)} />}
      {adding && <AddPerson sites={sites} onClose={() => setAdding(false)} />}
    </Page>
  );
};

const Act = ({
  chosen,
  sites,
  onClose,
}: {
  chosen: Chosen;
  sites: readonly string[];
  onClose: () => void;
}) => {
  const { person, action } = chosen;
  const [grants, setGrants] = useState<readonly Grant[]>(person.grants);
  const queries = useQueryClient();
  const act = useMutation({
    mutationFn: (reason: string) =>
      action === 'grants'
        ? ask(replaceGrants({ path: { id: person.id }, body: { grants: [...grants], reason } }))
        : ask(ACTIONS[action]({ path: { id: person.id }, body: { reason } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['people'] });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`${texts.people.actions[action]}: ${person.id}`} centered>
      <ReasonForm
        action={texts.people.actions[action]}
        pending={act.isPending}
        error={act.error}
        onSubmit={(reason) => act.mutate(reason)}
        onCancel={onClose}
      >
        {action === 'grants' ? (
          <GrantsField grants={grants} sites={sites} onChange={setGrants} />
        ) : (
          <Text size="sm">{texts.people.hints[action]}</Text>
        )}
      </ReasonForm>
    </Modal>
  );
};

export default People;
