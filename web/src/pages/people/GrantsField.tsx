import { ActionIcon, Autocomplete, Button, Fieldset, Group, Select, Stack } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { type Grant, ROLES } from '../../../../contracts/roles.ts';
import { texts } from '../../texts.ts';

interface Props {
  readonly grants: readonly Grant[];
  readonly sites: readonly string[];
  readonly onChange: (grants: readonly Grant[]) => void;
}

const rolesOf = (): string[] => [...ROLES];

/** Roles, each everywhere or at one site. */
export const GrantsField = ({ grants, sites, onChange }: Props) => {
  const { people: words } = texts;
  const change = (place: number, grant: Grant): void =>
    onChange(grants.map((each, at) => (at === place ? grant : each)));
  return (
    <Fieldset legend={words.grants} p="xs">
      <Stack gap="xs">
        {grants.map(({ role, site }, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a grant has no other name while it is being typed
          <Group key={place} gap="xs" wrap="nowrap" align="flex-end">
            <Select
              label={words.role}
              data={rolesOf()}
              value={role}
              allowDeselect={false}
              flex={1}
              onChange={(value) => {
                const chosen = ROLES.find((each) => each === value);
                if (chosen !== undefined) change(place, { role: chosen, site });
              }}
            />
            <Autocomplete
              label={texts.overview.site}
              placeholder={words.everywhere}
              data={[...sites]}
              value={site ?? ''}
              flex={1}
              onChange={(value) => change(place, value === '' ? { role } : { role, site: value })}
            />
            <ActionIcon
              variant="default"
              size={36}
              aria-label={words.removeGrant(role)}
              onClick={() => onChange(grants.filter((_, at) => at !== place))}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
        <Group>
          <Button size="xs" variant="default" onClick={() => onChange([...grants, { role: 'Viewer' }])}>
            {words.addGrant}
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  );
};
