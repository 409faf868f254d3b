import { Alert, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { ask } from '../../api/client.ts';
import {
  type AlertRule,
  type AlertRuleInput,
  createAlertRule,
  previewAlertRule,
  removeAlertRule,
  replaceAlertRule,
} from '../../api/gen/index.ts';
import { timeText } from '../../charts/zone.ts';
import { Page } from '../../shell/Page.tsx';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { errorAt } from '../../shell/problem.ts';
import { ReasonForm } from '../../shell/ReasonForm.tsx';
import { texts } from '../../texts.ts';
import { ConditionFields } from './ConditionFields.tsx';
import { RuleFields } from './RuleFields.tsx';
import { type PreviewOf, RulePreview } from './RulePreview.tsx';
import { type RuleForm, readRuleForm } from './rule-form.ts';
import { CalendarFields, SuppressionFields } from './TimesFields.tsx';

interface Props {
  readonly first: RuleForm;
  /** Absent: a new one. */
  readonly rule: AlertRule | undefined;
  /** Of the version that is changed; what others change meanwhile is not overwritten. */
  readonly etag: string;
  readonly readOnly: boolean;
}

/** Fields that a preview does without; they are asked for once the rule is kept. */
const UNTRIED = ['/id', '/name', '/reason'];

const keep = (rule: AlertRule | undefined, said: AlertRuleInput, reason: string, etag: string) => {
  if (rule === undefined) return ask(createAlertRule({ body: { ...said, reason } }));
  const { id, type, ...body } = said;
  return ask(
    replaceAlertRule({ path: { type, id }, headers: { 'if-match': etag }, body: { ...body, reason } }),
  );
};

const attempt = (rule: AlertRuleInput, { device, seconds }: PreviewOf) => {
  const to = Date.now();
  // A preview needs no name, but the API asks for one.
  const named = { ...rule, id: rule.id || 'preview', name: rule.name || 'preview' };
  return ask(
    previewAlertRule({
      body: {
        rule: named,
        device,
        from: new Date(to - seconds * 1000).toISOString(),
        to: new Date(to).toISOString(),
      },
    }),
  );
};

/** A rule as a form: filled in, tried on past data, kept. */
export const RuleEditor = ({ first, rule, etag: firstEtag, readOnly }: Props) => {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const { zone } = useZone();
  const [form, setForm] = useState(first);
  const [etag] = useState(firstEtag);
  const [reason, setReason] = useState('');
  const [judged, setJudged] = useState<'no' | 'try' | 'all'>('no');
  const [tried, setTried] = useState<RuleForm>();
  const read = readRuleForm(form, zone);
  const errors: Readonly<Record<string, string>> = {
    ...read.errors,
    ...(reason.trim() === '' ? { '/reason': texts.commands.fault.required } : {}),
  };
  const forTry = Object.keys(errors).filter((pointer) => !UNTRIED.includes(pointer));
  const save = useMutation({
    mutationFn: () => keep(rule, read.rule, reason.trim(), etag),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['alert-rules'] });
      navigate(`/alert-rules?type=${form.type}`);
    },
  });
  const preview = useMutation({ mutationFn: (of: PreviewOf) => attempt(read.rule, of) });
  const at = (pointer: string): string | undefined =>
    (judged === 'all' || (judged === 'try' && forTry.includes(pointer)) ? errors[pointer] : undefined) ??
    errorAt(save.error, pointer) ??
    errorAt(preview.error, `/rule${pointer}`);
  const fields = {
    form,
    at,
    readOnly,
    set: (change: Partial<RuleForm>): void => {
      setForm({ ...form, ...change });
      if (save.isError) save.reset();
      if (preview.isError) preview.reset();
    },
  };
  const shown = judged === 'all' ? Object.keys(errors).length : judged === 'try' ? forTry.length : 0;
  const { alertRules: words } = texts;
  return (
    <Page
      title={rule?.name ?? words.add}
      intro={rule && words.version(rule.version, rule.updatedBy, timeText(Date.parse(rule.updatedAt), zone))}
      actions={rule !== undefined && !readOnly && <Removal rule={rule} etag={etag} />}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setJudged('all');
          if (Object.keys(errors).length === 0) save.mutate();
        }}
      >
        <Stack maw={1100}>
          <RuleFields {...fields} kept={rule !== undefined} />
          <ConditionFields {...fields} kept={rule !== undefined} />
          <CalendarFields {...fields} />
          <SuppressionFields {...fields} />
          <RulePreview
            type={form.type}
            channel={form.channel}
            pending={preview.isPending}
            error={preview.error}
            result={preview.data}
            old={tried !== form}
            onTry={(of) => {
              setJudged(judged === 'all' ? 'all' : 'try');
              if (forTry.length > 0) return;
              setTried(form);
              preview.mutate(of);
            }}
          />
          {!readOnly && (
            <TextInput
              label={texts.reason}
              description={texts.reasonHint}
              required
              value={reason}
              maxLength={1000}
              error={at('/reason')}
              onChange={({ currentTarget }) => setReason(currentTarget.value)}
            />
          )}
          {shown > 0 && (
            <Alert color="red" variant="light" role="alert">
              {texts.types.mend(shown)}
            </Alert>
          )}
          {save.isError && <ProblemView error={save.error} />}
          {!readOnly && (
            <Group>
              <Button type="submit" loading={save.isPending}>
                {texts.save}
              </Button>
            </Group>
          )}
        </Stack>
      </form>
    </Page>
  );
};

const Removal = ({ rule: { type, id, name }, etag }: { rule: AlertRule; etag: string }) => {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [opened, setOpened] = useState(false);
  const remove = useMutation({
    mutationFn: (reason: string) =>
      ask(removeAlertRule({ path: { type, id }, headers: { 'if-match': etag }, body: { reason } })),
    onSuccess: async () => {
      navigate(`/alert-rules?type=${type}`);
      await queries.invalidateQueries({ queryKey: ['alert-rules'] });
    },
  });
  const { alertRules: words } = texts;
  return (
    <>
      <Button variant="default" onClick={() => setOpened(true)}>
        {words.remove}
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title={words.removeTitle(name)} centered>
        <ReasonForm
          action={words.remove}
          pending={remove.isPending}
          error={remove.error}
          onSubmit={(reason) => remove.mutate(reason)}
          onCancel={() => setOpened(false)}
        >
          <Text size="sm">{words.removeHint}</Text>
        </ReasonForm>
      </Modal>
    </>
  );
};
