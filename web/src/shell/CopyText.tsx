import { ActionIcon, Box, Code, CopyButton } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { texts } from '../texts.ts';

/** Lines to be copied. */
export const CopyText = ({ text, label }: { text: string; label: string }) => (
  <Box pos="relative">
    <Code block tabIndex={0} aria-label={label} pr={44}>
      {text}
    </Code>
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <ActionIcon
          pos="absolute"
          top={6}
          right={6}
          variant="default"
          onClick={copy}
          aria-label={copied ? texts.copied : `${texts.copy}: ${label}`}
        >
          {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
        </ActionIcon>
      )}
    </CopyButton>
  </Box>
);
