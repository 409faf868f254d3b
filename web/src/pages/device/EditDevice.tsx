import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../../api/client.ts';
import { updateDevice } from '../../api/gen/index.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { errorAt } from '../../shell/problem.ts';
import { texts } from '../../texts.ts';
import { labelsOf, labelsPatch, labelsText } from './labels.ts';
import { type ManagedProps, useDeviceChanged } from './managed.ts';

interface Props extends ManagedProps {
  readonly onClose: () => void;
}

/** What people say of a device. */
export const EditDevice = ({ device, etag, onClose }: Props) => {
  const { manage: words, facts } = texts.device;
  const { location } = device;
  const [version] = useState(etag);
  const [typed, setTyped] = useState({
    name: device.name ?? '',
    serial: device.serial ?? '',
    description: device.description ?? '',
    room: location?.room ?? '',
    labels: labelsText(device.labels ?? {}),
  });
  const labels = labelsOf(typed.labels);
  const changed = useDeviceChanged();
  const orNone = (text: string): string | null => (text.trim() === '' ? null : text.trim());
  const save = useMutation({
    mutationFn: () =>
      ask(
        updateDevice({
          path: { id: device.id },
          headers: { 'if-match': version },
          body: {
            name: orNone(typed.name),
            serial: orNone(typed.serial),
            description: orNone(typed.description),
            // A room is of a place, and a place is where it was registered.
            ...(location === undefined ? {} : { location: { room: orNone(typed.room) } }),
            labels: labelsPatch(device.labels ?? {}, labels ?? {}),
          },
        }),
      ),
    onSuccess: async () => {
      await changed();
      onClose();
    },
  });
  const field = (name: 'name' | 'serial' | 'description' | 'room', pointer = `/${name}`) => ({
    value: typed[name],
    error: errorAt(save.error, pointer),
    onChange: ({ currentTarget: { value } }: { readonly currentTarget: { readonly value: string } }) =>
      setTyped({ ...typed, [name]: value }),
  });
  return (
    <Modal opened onClose={onClose} centered title={words.editTitle(device.id)}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (labels !== undefined) save.mutate();
        }}
      >
        <Stack>
          <TextInput label={words.name} data-autofocus {...field('name')} />
          <TextInput label={facts.serial} {...field('serial')} />
          <TextInput label={facts.description} {...field('description')} />
          {location !== undefined && <TextInput label={facts.room} {...field('room', '/location/room')} />}
          <Textarea
            label={facts.labels}
            description={words.labelsHint}
            autosize
            minRows={2}
            value={typed.labels}
            error={labels === undefined ? words.labelsError : errorAt(save.error, '/labels')}
            onChange={({ currentTarget }) => setTyped({ ...typed, labels: currentTarget.value })}
          />
          {save.isError && <ProblemView error={save.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {texts.close}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={labels === undefined}>
              {texts.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
};
