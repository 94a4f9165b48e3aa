// The React components. Their styles are chat.css, published as bruno-homepage/style.css.
export type { AnswerRef, Noted, Source } from '../client/index.ts';
export { Chat, type ChatProps } from './chat.tsx';
export { Feedback, type FeedbackProps } from './feedback-bar.tsx';
export type { Theme } from './theme.ts';
