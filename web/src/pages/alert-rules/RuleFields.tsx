import { MultiSelect, Select, SimpleGrid, Stack, Switch, Textarea, TextInput } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { PRIORITIES } from '../../../../contracts/resources/alert-rules.ts';
import { useMay } from '../../api/me.tsx';
import { devicesQuery, typesQuery } from '../../api/queries.ts';
import { texts } from '../../texts.ts';
import type { FieldsProps } from './rule-form.ts';

/** What a rule is of, and how it is told. @param kept a rule that is there keeps type, identifier and channel */
export const RuleFields = ({ form, set, at, readOnly, kept }: FieldsProps & { readonly kept: boolean }) => {
  const may = useMay();
  const { data: types } = useSuspenseQuery(typesQuery);
  const { data: devices } = useSuspenseQuery(devicesQuery);
  const { alertRules: words } = texts;
  const { fields } = words;
  const channels = types.find(({ id }) => id === form.type)?.channels ?? {};
  const ofType = devices.filter(({ type, state }) => type === form.type && state !== 'retired');
  const sites = [...new Set([...devices.map(({ site }) => site), form.site])]
    .filter((site) => site !== '' && (may('alert-rules:manage', site) || readOnly))
    .sort();
  const lifelong = kept ? words.lifelong : undefined;
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
        <Select
          label={words.type}
          description={lifelong}
          required
          searchable
          data={types.map(({ id, name }) => ({ value: id, label: name }))}
          value={form.type === '' ? null : form.type}
          allowDeselect={false}
          disabled={kept}
          error={at('/type')}
          onChange={(value) => set({ type: value ?? '', channel: '', devices: [] })}
        />
        <TextInput
          label={fields.id}
          description={lifelong}
          required
          value={form.id}
          disabled={kept}
          error={at('/id')}
          onChange={({ currentTarget }) => set({ id: currentTarget.value })}
        />
        <Select
          label={fields.channel}
          description={lifelong}
          searchable
          withAsterisk={form.kind !== 'no-data'}
          data={Object.entries(channels).map(([value, { label }]) => ({ value, label: label ?? value }))}
          value={form.channel === '' ? null : form.channel}
          placeholder={form.kind === 'no-data' ? words.anyChannel : undefined}
          clearable={form.kind === 'no-data'}
          disabled={kept}
          error={at('/channel')}
          onChange={(value) => set({ channel: value ?? '' })}
        />
        <TextInput
          label={fields.name}
          required
          maxLength={120}
          value={form.name}
          readOnly={readOnly}
          error={at('/name')}
          onChange={({ currentTarget }) => set({ name: currentTarget.value })}
        />
        <Select
          label={fields.site}
          data={sites}
          value={form.site === '' ? null : form.site}
          placeholder={words.allSites}
          clearable={!readOnly}
          readOnly={readOnly}
          error={at('/site')}
          onChange={(value) => set({ site: value ?? '' })}
        />
        <MultiSelect
          label={fields.devices}
          data={[...new Set([...ofType.map(({ id }) => id), ...form.devices])]}
          value={[...form.devices]}
          placeholder={form.devices.length === 0 ? words.allDevices : undefined}
          searchable
          readOnly={readOnly}
          error={at('/devices')}
          onChange={(value) => set({ devices: value })}
        />
        <Select
          label={fields.priority}
          data={PRIORITIES.map((value) => ({ value, label: texts.alerts.priority[value] }))}
          value={form.priority}
          allowDeselect={false}
          readOnly={readOnly}
          error={at('/priority')}
          onChange={(value) => set({ priority: PRIORITIES.find((each) => each === value) ?? 'medium' })}
        />
      </SimpleGrid>
      <Textarea
        label={fields.instructions}
        description={fields.instructionsHint}
        autosize
        minRows={2}
        maxLength={1000}
        value={form.instructions}
        readOnly={readOnly}
        error={at('/instructions')}
        onChange={({ currentTarget }) => set({ instructions: currentTarget.value })}
      />
      <Switch
        label={fields.latching}
        checked={form.latching}
        disabled={readOnly}
        onChange={({ currentTarget }) => set({ latching: currentTarget.checked })}
      />
      <Switch
        label={fields.enabled}
        checked={form.enabled}
        disabled={readOnly}
        onChange={({ currentTarget }) => set({ enabled: currentTarget.checked })}
      />
    </Stack>
  );
};
