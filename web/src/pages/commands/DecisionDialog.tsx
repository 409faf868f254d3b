import { Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ask } from '../../api/client.ts';
import { approveCommand, type Command, cancelCommand, refuseCommand } from '../../api/gen/index.ts';
import { ReasonForm } from '../../shell/ReasonForm.tsx';
import { texts } from '../../texts.ts';
import { confirmedText } from './form-values.ts';

export type Decision = 'approve' | 'refuse' | 'cancel';

const CALLS = { approve: approveCommand, refuse: refuseCommand, cancel: cancelCommand } as const;

interface Props {
  readonly decision: { readonly command: Command; readonly what: Decision } | undefined;
  readonly onClose: () => void;
}

/** Approves, refuses or cancels a command, with a reason. */
export const DecisionDialog = ({ decision, onClose }: Props) => {
  const queries = useQueryClient();
  const decide = useMutation({
    mutationFn: async (reason: string) => {
      if (decision === undefined) return;
      await ask(CALLS[decision.what]({ path: { id: decision.command.id }, body: { reason } }));
      onClose();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['commands'] }),
  });
  const close = (): void => {
    decide.reset();
    onClose();
  };
  if (decision === undefined) return null;
  const { command, what } = decision;
  return (
    <Modal
      opened
      onClose={close}
      centered
      title={texts.commands[`${what}Title`](command.command, command.device)}
    >
      <ReasonForm
        action={texts.commands[what]}
        pending={decide.isPending}
        error={decide.error}
        onSubmit={(reason) => decide.mutate(reason)}
        onCancel={close}
      >
        {Object.entries(command.parameters).map(([name, value]) => (
          <div key={name} className="numeric">
            {name}: {confirmedText(value, undefined)}
          </div>
        ))}
      </ReasonForm>
    </Modal>
  );
};
