-- $2 is the time of the hint, 0 for a wake-up that is none.
INSERT INTO subjects (id, wakes, hinted_at, woken_at) VALUES ($1, 1, $2, $3)
ON CONFLICT (id) DO UPDATE SET
    woken_at = CASE WHEN subjects.wakes > subjects.decided_wakes
                    THEN subjects.woken_at ELSE excluded.woken_at END,
    wakes = subjects.wakes + 1,
    hinted_at = CASE WHEN excluded.hinted_at > subjects.hinted_at
                     THEN excluded.hinted_at ELSE subjects.hinted_at END
