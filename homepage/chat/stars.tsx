// Five stars as five buttons; pressing one sends that rating. Reads as "3 of 5 stars" without colour.
import { Icon } from './icons.tsx';

const VALUES = [1, 2, 3, 4, 5] as const;

export function Stars({ value, onRate }: { value: number; onRate: (value: number) => void }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in one line everywhere
    <div className="stars" role="group" aria-label="Rate from one to five stars">
      {VALUES.map((stars) => (
        <button
          key={stars}
          type="button"
          className="tool star"
          data-testid={`star-${stars}`}
          aria-label={stars === 1 ? '1 star' : `${stars} stars`}
          aria-pressed={value === stars}
          onClick={() => onRate(stars)}
        >
          <Icon name="star" filled={stars <= value} />
        </button>
      ))}
    </div>
  );
}
