import { Button, Group, Select, Stack, Text, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../../api/client.ts';
import {
  type Alert,
  acknowledgeAlert,
  assignAlert,
  commentAlert,
  resetAlert,
  shelveAlert,
  unshelveAlert,
} from '../../api/gen/index.ts';
import { useMay, useMe } from '../../api/me.tsx';
import { peopleQuery } from '../../api/queries.ts';
import { timeText } from '../../charts/zone.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { ReasonForm } from '../../shell/ReasonForm.tsx';
import { texts } from '../../texts.ts';
import type { AlertAction } from './alert-text.ts';

/** Characters of what is said with an act. */
const MOST = 500;

interface Props {
  readonly alert: Alert;
  readonly action: AlertAction;
  readonly onClose: () => void;
}

/** Asks what an act needs, and does it. */
export const ActForm = (props: Props) => {
  const { action } = props;
  if (action === 'acknowledge' || action === 'comment') return <SayForm {...props} action={action} />;
  if (action === 'assign') return <AssignForm {...props} />;
  return <DecisionForm {...props} action={action} />;
};

/** An act on the alert; all that is known of alerts is asked anew after it. */
const useAct = <T,>(act: (what: T) => Promise<unknown>, onClose: () => void) => {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: onClose,
    onSettled: () => queries.invalidateQueries({ queryKey: ['alerts'] }),
  });
};

const SayForm = ({
  alert: { id },
  action,
  onClose,
}: Props & { readonly action: 'acknowledge' | 'comment' }) => {
  const [comment, setComment] = useState('');
  const { alerts: words } = texts;
  const said = comment.trim();
  const needed = action === 'comment';
  const act = useAct(
    () =>
      action === 'comment'
        ? ask(commentAlert({ path: { id }, body: { comment: said } }))
        : ask(acknowledgeAlert({ path: { id }, body: said === '' ? {} : { comment: said } })),
    onClose,
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        act.mutate(undefined);
      }}
    >
      <Stack gap="sm">
        <Text size="sm">{words.hints[action]}</Text>
        <Textarea
          label={words.comment}
          description={needed ? undefined : words.optional}
          required={needed}
          maxLength={MOST}
          autosize
          minRows={2}
          data-autofocus
          value={comment}
          onChange={({ currentTarget }) => setComment(currentTarget.value)}
        />
        {act.isError && <ProblemView error={act.error} />}
        <Buttons action={action} pending={act.isPending} disabled={needed && said === ''} onClose={onClose} />
      </Stack>
    </form>
  );
};

const NOBODY = '';

const AssignForm = ({ alert: { id, assignee }, action, onClose }: Props) => {
  const me = useMe();
  const may = useMay();
  const { data: people = [] } = useQuery({ ...peopleQuery, enabled: may('people:read') });
  const names = new Map([
    [me.subject, me.name],
    ...people.map((each) => [each.subject, each.id] as const),
    ...(assignee === undefined ? [] : [[assignee.subject, assignee.name] as const]),
  ]);
  const [subject, setSubject] = useState(me.subject);
  const { alerts: words } = texts;
  const act = useAct(
    () =>
      ask(
        assignAlert({
          path: { id },
          body: subject === NOBODY ? { subject: null } : { subject, name: names.get(subject) ?? subject },
        }),
      ),
    onClose,
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        act.mutate(undefined);
      }}
    >
      <Stack gap="sm">
        <Select
          label={words.assignee}
          description={words.hints.assign}
          data={[
            ...[...names].map(([value, name]) => ({
              value,
              label: value === me.subject ? words.me(me.name) : name,
            })),
            { value: NOBODY, label: words.nobody },
          ]}
          value={subject}
          allowDeselect={false}
          onChange={(value) => setSubject(value ?? NOBODY)}
        />
        {act.isError && <ProblemView error={act.error} />}
        <Buttons action={action} pending={act.isPending} onClose={onClose} />
      </Stack>
    </form>
  );
};

const CALLS = { unshelve: unshelveAlert, reset: resetAlert } as const;

const DecisionForm = ({
  alert: { id },
  action,
  onClose,
}: Props & { readonly action: 'shelve' | 'unshelve' | 'reset' }) => {
  const { zone } = useZone();
  const [seconds, setSeconds] = useState('3600');
  const { alerts: words } = texts;
  const act = useAct(
    (reason: string) =>
      action === 'shelve'
        ? ask(shelveAlert({ path: { id }, body: { seconds: Number(seconds), reason } }))
        : ask(CALLS[action]({ path: { id }, body: { reason } })),
    onClose,
  );
  return (
    <ReasonForm
      action={words.actions[action]}
      pending={act.isPending}
      error={act.error}
      most={MOST}
      onSubmit={(reason) => act.mutate(reason)}
      onCancel={onClose}
    >
      <Text size="sm">{words.hints[action]}</Text>
      {action === 'shelve' && (
        <Select
          label={words.shelveFor}
          description={words.shelveUntil(timeText(Date.now() + Number(seconds) * 1000, zone))}
          data={Object.entries(words.spans).map(([value, label]) => ({ value, label }))}
          value={seconds}
          allowDeselect={false}
          onChange={(value) => setSeconds(value ?? '3600')}
        />
      )}
    </ReasonForm>
  );
};

interface ButtonsProps {
  readonly action: AlertAction;
  readonly pending: boolean;
  readonly disabled?: boolean;
  readonly onClose: () => void;
}

const Buttons = ({ action, pending, disabled = false, onClose }: ButtonsProps) => (
  <Group justify="flex-end">
    <Button variant="default" onClick={onClose}>
      {texts.cancel}
    </Button>
    <Button type="submit" loading={pending} disabled={disabled}>
      {texts.alerts.actions[action]}
    </Button>
  </Group>
);
