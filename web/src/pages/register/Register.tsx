import { Autocomplete, Button, Group, Paper, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useSuspenseQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { ask } from '../../api/client.ts';
import { type Registered, registerDevice } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { devicesQuery, typesQuery } from '../../api/queries.ts';
import { Page } from '../../shell/Page.tsx';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { errorAt } from '../../shell/problem.ts';
import { texts } from '../../texts.ts';
import type { Identity } from './identity.ts';
import { RegisteredDevice } from './RegisteredDevice.tsx';

interface Made {
  readonly registered: Registered;
  readonly privateKey: string;
}

/** Registers a device: its key is made here, and stays here. */
const Register = () => {
  const may = useMay();
  const { data: devices } = useSuspenseQuery(devicesQuery);
  const { data: types } = useSuspenseQuery(typesQuery);
  const [id, setId] = useState('');
  const [site, setSite] = useState('');
  const [type, setType] = useState<string | null>(null);
  const [name, setName] = useState('');
  // The key of a request that may have come through although no answer came: a second try finishes the same one.
  const identity = useRef<{ readonly device: string; readonly made: Promise<Identity> }>(undefined);
  const register = useMutation({
    mutationFn: async (): Promise<Made> => {
      if (identity.current?.device !== id)
        identity.current = {
          device: id,
          made: import('./identity.ts').then((each) => each.makeIdentity(id)),
        };
      const { key, csr } = await identity.current.made;
      const body = { id, site, type: type ?? '', csr, ...(name === '' ? {} : { name }) };
      return { registered: await ask(registerDevice({ body })), privateKey: key };
    },
  });
  const found = types.find((each) => each.id === type);
  if (register.isSuccess && found !== undefined)
    return (
      <RegisteredDevice
        {...register.data}
        type={found}
        onAnother={() => {
          identity.current = undefined;
          setId('');
          setName('');
          register.reset();
        }}
      />
    );
  const sites = [...new Set(devices.map((each) => each.site))]
    .filter((each) => may('devices:register', each))
    .sort();
  const { register: words } = texts;
  return (
    <Page title={words.title} intro={words.intro}>
      <Paper withBorder p="md" maw={620}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            register.mutate();
          }}
        >
          <Stack>
            <TextInput
              label={words.id}
              description={words.idHint}
              required
              value={id}
              maxLength={63}
              autoComplete="off"
              error={errorAt(register.error, '/id')}
              onChange={({ currentTarget }) => setId(currentTarget.value)}
            />
            <Autocomplete
              label={words.site}
              description={words.siteHint}
              required
              data={sites}
              value={site}
              error={errorAt(register.error, '/site')}
              onChange={setSite}
            />
            <Select
              label={words.type}
              required
              searchable
              data={types.map((each) => ({ value: each.id, label: each.name }))}
              value={type}
              error={errorAt(register.error, '/type')}
              onChange={setType}
            />
            <TextInput
              label={words.name}
              description={texts.commands.optional}
              value={name}
              maxLength={120}
              error={errorAt(register.error, '/name')}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
            />
            <Text size="sm" c="dimmed">
              {words.keyHint}
            </Text>
            {register.isError && <ProblemView error={register.error} />}
            <Group>
              <Button
                type="submit"
                loading={register.isPending}
                disabled={id === '' || site === '' || type === null}
              >
                {words.action}
              </Button>
            </Group>
          </Stack>
        </form>
      </Paper>
    </Page>
  );
};

export default Register;
