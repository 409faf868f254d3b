import { Button, Group, Stack, Textarea } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { texts } from '../texts.ts';
import { ProblemView } from './ProblemView.tsx';

interface Props {
  readonly action: string;
  readonly pending: boolean;
  readonly error: unknown;
  /** False while something else is to be filled in. */
  readonly ready?: boolean;
  readonly onSubmit: (reason: string) => void;
  readonly onCancel: () => void;
  /** Characters, at most. */
  readonly most?: number;
  readonly children?: ReactNode;
}

/** Asks why, for the record, before something is done. */
export const ReasonForm = ({
  action,
  pending,
  error,
  ready = true,
  onSubmit,
  onCancel,
  most = 1000,
  children,
}: Props) => {
  const [reason, setReason] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(reason.trim());
      }}
    >
      <Stack>
        {children}
        <Textarea
          label={texts.reason}
          description={texts.reasonHint}
          required
          maxLength={most}
          autosize
          minRows={2}
          data-autofocus
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
        {error !== null && error !== undefined && <ProblemView error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            {texts.close}
          </Button>
          <Button type="submit" loading={pending} disabled={!ready || reason.trim() === ''}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
};
