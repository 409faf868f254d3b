import { Code, Modal, Text, Timeline } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { isFinal } from '../../../../contracts/resources/commands.ts';
import { ask } from '../../api/client.ts';
import { type Command, readCommandHistory } from '../../api/gen/index.ts';
import { timeText } from '../../charts/zone.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';

interface Props {
  readonly command: Command | undefined;
  readonly onClose: () => void;
}

/** All that is known of how a command went, step by step, each with its evidence. */
export const CommandSteps = ({ command, onClose }: Props) => {
  const { zone } = useZone();
  const { data, error } = useQuery({
    queryKey: ['commands', 'history', command?.id, command?.version],
    queryFn: () => ask(readCommandHistory({ path: { id: command?.id ?? '' } })),
    enabled: command !== undefined,
    // Each version of the command is another question; the list tells of them.
    refetchInterval: command !== undefined && !isFinal(command.state) ? 5000 : false,
  });
  return (
    <Modal
      opened={command !== undefined}
      onClose={onClose}
      size="lg"
      title={command && `${command.command} · ${command.device}`}
    >
      {error !== null && <ProblemView error={error} />}
      {data !== undefined && (
        <Timeline active={data.transitions.length - 1} bulletSize={14} lineWidth={2} color="gray">
          {data.transitions.map(({ version, at, to, by, evidence }) => (
            <Timeline.Item key={version} title={texts.commands.state[to]}>
              <Text size="sm">
                {texts.commands.evidence[evidence.kind]} · {by.name}
                {evidence.detail === undefined ? '' : ` · ${evidence.detail}`}
              </Text>
              <Text size="xs" c="dimmed" className="numeric">
                {timeText(Date.parse(at), zone, true)}
              </Text>
            </Timeline.Item>
          ))}
        </Timeline>
      )}
      {data !== undefined && data.withoutEffectCount > 0 && (
        <Text size="sm" mt="sm">
          {texts.commands.withoutEffect(data.withoutEffectCount)}
        </Text>
      )}
      {command?.result !== undefined && (
        <>
          <Text fw={600} mt="sm">
            {texts.commands.result}
          </Text>
          <Code block>{JSON.stringify(command.result, null, 2)}</Code>
        </>
      )}
      {command?.failure !== undefined && (
        <>
          <Text fw={600} mt="sm">
            {texts.commands.failure}
          </Text>
          <Text size="sm">
            <Code>{command.failure.code}</Code> {command.failure.detail}
          </Text>
        </>
      )}
    </Modal>
  );
};
