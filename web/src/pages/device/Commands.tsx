import { SimpleGrid, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { isFinal } from '../../../../contracts/resources/commands.ts';
import { ask } from '../../api/client.ts';
import {
  type CommandDeclaration,
  type DeviceDetail,
  type InstrumentType,
  listDeviceCommands,
} from '../../api/gen/index.ts';
import { useMay, useMe } from '../../api/me.tsx';
import { commandsForward } from '../../live/command-events.ts';
import { commandsPace, useCommandsHeard } from '../../live/heard-queries.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { texts } from '../../texts.ts';
import { CommandForm } from '../commands/CommandForm.tsx';
import { CommandTable } from '../commands/CommandTable.tsx';
import { holds, LeaseBar, leaseQuery } from '../commands/LeaseBar.tsx';

const declarationsOf = ({ commands = {} }: InstrumentType): Record<string, CommandDeclaration> =>
  Object.fromEntries(
    Object.entries(commands).flatMap(([name, each]) => (each === undefined ? [] : [[name, each]])),
  );

interface Props {
  readonly device: DeviceDetail;
  readonly type: InstrumentType;
}

/** The commands that a device takes, as forms, and those that it was given. */
export const Commands = ({ device, type }: Props) => {
  const may = useMay();
  const me = useMe();
  const declared = Object.entries(declarationsOf(type));
  const gives = may('commands:create', device.site);
  const leased = declared.some(([, { lease }]) => lease);
  const { data: lease } = useQuery({ ...leaseQuery(device.id), enabled: gives });
  const holder = holds(lease?.lease, me.subject);
  const heard = useCommandsHeard(device.site);
  const { data, error } = useQuery({
    queryKey: ['commands', 'device', device.id],
    queryFn: () => ask(listDeviceCommands({ path: { id: device.id }, query: { limit: 50 } })),
    refetchInterval: ({ state }) =>
      commandsPace(heard, state.data?.items.some((each) => !isFinal(each.state)) === true ? 1000 : 5000),
    structuralSharing: commandsForward,
  });
  return (
    <Stack>
      {gives && (leased || holder !== 'nobody') && <LeaseBar device={device.id} />}
      {gives && (
        <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
          {declared.map(([name, declaration]) => (
            <CommandForm
              key={name}
              device={device.id}
              name={name}
              declaration={declaration}
              blocked={holder === 'another' || (declaration.lease && holder !== 'me')}
            />
          ))}
        </SimpleGrid>
      )}
      <Title order={2} size="h4">
        {texts.commands.history}
      </Title>
      {error !== null && <ProblemView error={error} />}
      <CommandTable commands={data?.items ?? []} />
    </Stack>
  );
};
