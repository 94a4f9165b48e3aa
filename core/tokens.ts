// How long an answer is, for curation: the model server's own token count where one was stored with
// it, else its number of words, which is not a count of tokens; the result says which of the two.

export interface TokenCount {
  tokens: number;
  source: 'model_server' | 'words';
}

export function wordCount(text: string): number {
  return text.split(/\s+/u).filter((word) => word !== '').length;
}

export function tokenCount(text: string, fromServer: number | null | undefined): TokenCount {
  if (fromServer !== null && fromServer !== undefined && fromServer > 0) {
    return { tokens: fromServer, source: 'model_server' };
  }
  return { tokens: wordCount(text), source: 'words' };
}
