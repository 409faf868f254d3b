import { Alert, Button, Group, Stack, Textarea, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useParams } from 'wouter';
import { ask } from '../../api/client.ts';
import { createType, type InstrumentType, replaceType } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { typeQuery } from '../../api/queries.ts';
import { Page } from '../../shell/Page.tsx';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { errorAt } from '../../shell/problem.ts';
import { texts } from '../../texts.ts';
import { ChannelFields } from './ChannelFields.tsx';
import { NEW_TYPE } from './new-type.ts';
import { emptyChannel, formOf, readTypeForm, type TypeForm } from './type-form.ts';

const TypeEditor = () => {
  const { id = '' } = useParams();
  const isNew = id === NEW_TYPE;
  const { data, error } = useQuery({ ...typeQuery(id), enabled: !isNew, staleTime: 0 });
  if (error !== null) return <ProblemView error={error} />;
  if (isNew) return <Editor key="new" type={undefined} etag="" />;
  return data === undefined ? null : <Editor key={id} type={data.value} etag={data.etag} />;
};

interface Props {
  readonly type: InstrumentType | undefined;
  /** Of the version that is changed; what others change meanwhile is not overwritten. */
  readonly etag: string;
}

const Editor = ({ type, etag: first }: Props) => {
  const may = useMay();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [form, setForm] = useState<TypeForm>(() => formOf(type));
  const [etag] = useState(first);
  const [reason, setReason] = useState('');
  const [judged, setJudged] = useState(false);
  const { body, errors } = readTypeForm(form);
  const readOnly = !may(type === undefined ? 'types:create' : 'types:update');
  const save = useMutation({
    mutationFn: () =>
      type === undefined
        ? ask(createType({ body: { id: form.id, ...body } }))
        : ask(
            replaceType({ path: { id: type.id }, headers: { 'if-match': etag }, body: { ...body, reason } }),
          ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['types'] });
      await queries.invalidateQueries({ queryKey: ['type'] });
      navigate('/types');
    },
  });
  const at = (pointer: string): string | undefined =>
    (judged ? errors[pointer] : undefined) ?? errorAt(save.error, pointer);
  const { types: words } = texts;
  const text = (name: 'id' | 'name' | 'description' | 'manufacturer' | 'model', required = false) => (
    <TextInput
      label={words.fields[name]}
      required={required}
      value={form[name]}
      readOnly={readOnly}
      error={at(`/${name}`)}
      flex={1}
      miw={180}
      onChange={({ currentTarget }) => setForm({ ...form, [name]: currentTarget.value })}
    />
  );
  const placeOf = new Set(Object.keys(type?.channels ?? {}));
  return (
    <Page
      title={type?.name ?? words.add}
      intro={type === undefined ? undefined : words.version(type.version)}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setJudged(true);
          if (Object.keys(errors).length === 0) save.mutate();
        }}
      >
        <Stack maw={1100}>
          <Group align="flex-start">
            {type === undefined && text('id', true)}
            {text('name', true)}
            {text('manufacturer')}
            {text('model')}
          </Group>
          {text('description')}
          <Title order={2} size="h4">
            {words.channels}
          </Title>
          {form.channels.map((channel, place) => (
            <ChannelFields
              key={channel.key}
              channel={channel}
              readOnly={readOnly}
              kept={
                placeOf.has(channel.name) &&
                type !== undefined &&
                form.channels.indexOf(channel) < placeOf.size
              }
              errorAt={at}
              onChange={(next) =>
                setForm({ ...form, channels: form.channels.map((each, n) => (n === place ? next : each)) })
              }
              onRemove={() => setForm({ ...form, channels: form.channels.filter((_, n) => n !== place) })}
            />
          ))}
          {!readOnly && (
            <Group>
              <Button
                variant="default"
                onClick={() => setForm({ ...form, channels: [...form.channels, emptyChannel()] })}
              >
                {words.addChannel}
              </Button>
            </Group>
          )}
          <Textarea
            label={words.commands}
            description={words.commandsHint}
            autosize
            minRows={3}
            maxRows={24}
            spellCheck={false}
            ff="monospace"
            value={form.commands}
            readOnly={readOnly}
            error={at('/commands')}
            onChange={({ currentTarget }) => setForm({ ...form, commands: currentTarget.value })}
          />
          {type !== undefined && !readOnly && (
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
          {judged && Object.keys(errors).length > 0 && (
            <Alert color="red" variant="light" role="alert">
              {words.mend(Object.keys(errors).length)}
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

export default TypeEditor;
