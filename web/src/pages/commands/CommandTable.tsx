import { Badge, Button, Group, Progress, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import { type CommandState, isFinal } from '../../../../contracts/resources/commands.ts';
import type { Command } from '../../api/gen/index.ts';
import { useMay, useMe } from '../../api/me.tsx';
import { timeText } from '../../charts/zone.ts';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';
import { CommandSteps } from './CommandSteps.tsx';
import { type Decision, DecisionDialog } from './DecisionDialog.tsx';

const COLOURS: Partial<Record<CommandState, string>> = {
  'pending-approval': 'yellow',
  failed: 'red',
  rejected: 'red',
  'timed-out': 'red',
  expired: 'yellow',
};

/** `speed 3000, duration 5` */
const parametersText = (parameters: Command['parameters']): string =>
  Object.entries(parameters)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');

interface Props {
  readonly commands: readonly Command[];
  /** On a page of one device its name is told already. */
  readonly withDevice?: boolean;
}

/** Commands with their state, and what may be done about each. */
export const CommandTable = ({ commands, withDevice = false }: Props) => {
  const { zone } = useZone();
  const [opened, setOpened] = useState<string>();
  const [decision, setDecision] = useState<{ readonly command: Command; readonly what: Decision }>();
  if (commands.length === 0) return <Text c="dimmed">{texts.commands.none}</Text>;
  const { column } = texts.commands;
  return (
    <>
      <Table.ScrollContainer minWidth={680}>
        <Table striped withTableBorder verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{column.time}</Table.Th>
              {withDevice && <Table.Th>{column.device}</Table.Th>}
              <Table.Th>{column.command}</Table.Th>
              <Table.Th>{column.by}</Table.Th>
              <Table.Th>{column.state}</Table.Th>
              <Table.Th>{column.actions}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {commands.map((command) => (
              <Table.Tr key={command.id} data-command={command.id} data-state={command.state}>
                <Table.Td className="numeric">{timeText(Date.parse(command.createdAt), zone)}</Table.Td>
                {withDevice && (
                  <Table.Td>
                    <Link href={`/devices/${command.device}?tab=commands`}>{command.device}</Link>
                  </Table.Td>
                )}
                <Table.Td>
                  <Text size="sm" fw={600}>
                    {command.command}
                    {command.dryRun && (
                      <Badge ml={6} size="xs" variant="outline" color="gray" tt="none">
                        {texts.commands.dry}
                      </Badge>
                    )}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {parametersText(command.parameters)}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {command.createdBy.name}
                  {command.reason !== undefined && (
                    <Text size="xs" c="dimmed">
                      {command.reason}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <State command={command} />
                </Table.Td>
                <Table.Td>
                  <Actions
                    command={command}
                    onDecide={(what) => setDecision({ command, what })}
                    onOpen={() => setOpened(command.id)}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <CommandSteps command={commands.find(({ id }) => id === opened)} onClose={() => setOpened(undefined)} />
      <DecisionDialog decision={decision} onClose={() => setDecision(undefined)} />
    </>
  );
};

const State = ({ command }: { command: Command }) => {
  const { state, progress, failure } = command;
  return (
    <div role="status">
      <Badge variant="light" color={COLOURS[state] ?? 'gray'} tt="none" fw={500} className="state-badge">
        {texts.commands.state[state]}
      </Badge>
      {!isFinal(state) && progress?.percent !== undefined && (
        <Progress mt={4} value={progress.percent} aria-label={texts.commands.state[state]} />
      )}
      {!isFinal(state) && progress?.detail !== undefined && <Text size="xs">{progress.detail}</Text>}
      {failure !== undefined && <Text size="xs">{failure.detail}</Text>}
    </div>
  );
};

interface ActionsProps {
  readonly command: Command;
  readonly onDecide: (what: Decision) => void;
  readonly onOpen: () => void;
}

const Actions = ({ command, onDecide, onOpen }: ActionsProps) => {
  const me = useMe();
  const may = useMay();
  const { state, site, createdBy } = command;
  const own = createdBy.subject === me.subject;
  const decides = state === 'pending-approval' && may('commands:approve', site);
  const cancels = (state === 'pending-approval' || state === 'queued') && may('commands:create', site);
  return (
    <Group gap={6}>
      {decides && !own && (
        <Button size="compact-xs" onClick={() => onDecide('approve')}>
          {texts.commands.approve}
        </Button>
      )}
      {decides && !own && (
        <Button size="compact-xs" variant="default" onClick={() => onDecide('refuse')}>
          {texts.commands.refuse}
        </Button>
      )}
      {cancels && (
        <Button size="compact-xs" variant="default" onClick={() => onDecide('cancel')}>
          {texts.commands.cancel}
        </Button>
      )}
      <Button size="compact-xs" variant="subtle" onClick={onOpen}>
        {texts.commands.details}
      </Button>
      {decides && own && (
        <Text size="xs" c="dimmed">
          {texts.commands.own}
        </Text>
      )}
    </Group>
  );
};
