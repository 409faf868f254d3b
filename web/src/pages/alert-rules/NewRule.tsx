import { useSearchParams } from 'wouter';
import { useMay } from '../../api/me.tsx';
import { RuleEditor } from './RuleEditor.tsx';
import { emptyRule } from './rule-form.ts';

/** A rule that is not there yet. */
const NewRule = () => {
  const may = useMay();
  const [search] = useSearchParams();
  return (
    <RuleEditor
      first={emptyRule(search.get('type') ?? '', '')}
      rule={undefined}
      etag=""
      readOnly={!may('alert-rules:manage')}
    />
  );
};

export default NewRule;
