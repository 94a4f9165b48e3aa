// Length in tokens: the model server's own count where it was stored, else a count of words,
// and always which of the two it was.

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
