import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Grant } from '../../../../contracts/roles.ts';
import { ask } from '../../api/client.ts';
import { addPerson } from '../../api/gen/index.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { errorAt } from '../../shell/problem.ts';
import { texts } from '../../texts.ts';
import { GrantsField } from './GrantsField.tsx';

/** Invites a person by e-mail. */
export const AddPerson = ({ sites, onClose }: { sites: readonly string[]; onClose: () => void }) => {
  const [email, setEmail] = useState('');
  const [username, setUsername] = useState('');
  const [grants, setGrants] = useState<readonly Grant[]>([{ role: 'Viewer' }]);
  const [reason, setReason] = useState('');
  const queries = useQueryClient();
  const add = useMutation({
    mutationFn: () =>
      ask(
        addPerson({
          body: { email, grants: [...grants], ...(username === '' ? {} : { username }), reason },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['people'] });
      onClose();
    },
  });
  const { people: words } = texts;
  return (
    <Modal opened onClose={onClose} title={words.add} centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <Stack>
          <TextInput
            type="email"
            label={words.email}
            required
            value={email}
            error={errorAt(add.error, '/email')}
            onChange={({ currentTarget }) => setEmail(currentTarget.value)}
            data-autofocus
          />
          <TextInput
            label={words.name}
            description={words.nameHint}
            value={username}
            error={errorAt(add.error, '/username')}
            onChange={({ currentTarget }) => setUsername(currentTarget.value)}
          />
          <GrantsField grants={grants} sites={sites} onChange={setGrants} />
          <TextInput
            label={texts.reason}
            description={texts.reasonHint}
            required
            value={reason}
            maxLength={1000}
            error={errorAt(add.error, '/reason')}
            onChange={({ currentTarget }) => setReason(currentTarget.value)}
          />
          {add.isError && <ProblemView error={add.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {texts.close}
            </Button>
            <Button type="submit" loading={add.isPending} disabled={grants.length === 0}>
              {words.invite}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
};
