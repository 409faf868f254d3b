import { Button, Group, Modal, Select, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../../api/client.ts';
import { moveDevice, retireDevice } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { sitesQuery } from '../../api/queries.ts';
import { ReasonForm } from '../../shell/ReasonForm.tsx';
import { texts } from '../../texts.ts';
import { EditDevice } from './EditDevice.tsx';
import { type ManagedProps, useDeviceChanged } from './managed.ts';

/** What may be done about a device itself. */
export const Manage = (props: ManagedProps) => {
  const may = useMay();
  const [opened, setOpened] = useState<'edit' | 'move' | 'retire'>();
  const { site, state } = props.device;
  const { manage: words } = texts.device;
  if (state !== 'active') return null;
  const close = (): void => setOpened(undefined);
  return (
    <Group gap="xs" mb="md">
      {may('devices:update', site) && (
        <Button size="xs" variant="default" onClick={() => setOpened('edit')}>
          {words.edit}
        </Button>
      )}
      {may('devices:move', site) && (
        <Button size="xs" variant="default" onClick={() => setOpened('move')}>
          {words.move}
        </Button>
      )}
      {may('devices:retire', site) && (
        <Button size="xs" variant="default" color="red" onClick={() => setOpened('retire')}>
          {words.retire}
        </Button>
      )}
      {opened === 'edit' && <EditDevice {...props} onClose={close} />}
      {opened === 'move' && <MoveDevice {...props} onClose={close} />}
      {opened === 'retire' && <RetireDevice {...props} onClose={close} />}
    </Group>
  );
};

interface DialogProps extends ManagedProps {
  readonly onClose: () => void;
}

const MoveDevice = ({ device, etag, onClose }: DialogProps) => {
  const may = useMay();
  const { data: sites = [] } = useQuery(sitesQuery);
  const [site, setSite] = useState<string | null>(null);
  const { manage: words } = texts.device;
  const changed = useDeviceChanged();
  // The version may be another when it is tried again; what is moved is the one that was looked at.
  const [version] = useState(etag);
  const move = useMutation({
    mutationFn: (reason: string) =>
      ask(
        moveDevice({
          path: { id: device.id },
          headers: { 'if-match': version },
          body: { site: site ?? '', reason },
        }),
      ),
    onSuccess: async () => {
      await changed();
      onClose();
    },
  });
  const others = sites
    .filter(({ id }) => id !== device.site && may('devices:move', id))
    .map(({ id, name }) => ({ value: id, label: name === undefined ? id : `${name} (${id})` }));
  return (
    <Modal opened onClose={onClose} centered title={words.moveTitle(device.id)}>
      <ReasonForm
        action={words.move}
        pending={move.isPending}
        error={move.error}
        ready={site !== null}
        onSubmit={(reason) => move.mutate(reason)}
        onCancel={onClose}
      >
        <Text size="sm">{words.moveHint}</Text>
        <Select
          label={words.toSite}
          required
          searchable
          data={others}
          value={site}
          onChange={setSite}
          nothingFoundMessage={texts.none}
        />
      </ReasonForm>
    </Modal>
  );
};

const RetireDevice = ({ device, etag, onClose }: DialogProps) => {
  const { manage: words } = texts.device;
  const changed = useDeviceChanged();
  const [version] = useState(etag);
  const retire = useMutation({
    mutationFn: (reason: string) =>
      ask(retireDevice({ path: { id: device.id }, headers: { 'if-match': version }, body: { reason } })),
    onSuccess: async () => {
      await changed();
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} centered title={words.retireTitle(device.id)}>
      <ReasonForm
        action={words.retire}
        pending={retire.isPending}
        error={retire.error}
        onSubmit={(reason) => retire.mutate(reason)}
        onCancel={onClose}
      >
        <Text size="sm">{words.retireHint}</Text>
      </ReasonForm>
    </Modal>
  );
};
