-- What every check may say about dates and numbers that are kept as text. Null in, null out; nothing is guessed.

-- A number written as text, exactly; null if it is none.
CREATE MACRO number(text) AS TRY_CAST(CAST(text AS VARCHAR) AS DECIMAL(28, 10));

-- The day of an ISO 8601 text; null if the day is not known.
CREATE MACRO day_of(dtc) AS TRY_CAST(left(dtc, 10) AS DATE);

-- The minute of an ISO 8601 text; null if it has no time of day.
CREATE MACRO minute_of(dtc) AS CASE WHEN length(dtc) >= 16 THEN TRY_CAST(replace(left(dtc, 16), 'T', ' ') || ':00' AS TIMESTAMP) END;

-- The first and the last day that an ISO 8601 text may mean: of the day, of the month or of the year.
CREATE MACRO earliest_day(dtc) AS CASE
    WHEN length(dtc) >= 10 THEN TRY_CAST(left(dtc, 10) AS DATE)
    WHEN length(dtc) = 7 THEN TRY_CAST(dtc || '-01' AS DATE)
    WHEN length(dtc) = 4 THEN TRY_CAST(dtc || '-01-01' AS DATE)
END;
CREATE MACRO latest_day(dtc) AS CASE
    WHEN length(dtc) >= 10 THEN TRY_CAST(left(dtc, 10) AS DATE)
    WHEN length(dtc) = 7 THEN last_day(TRY_CAST(dtc || '-01' AS DATE))
    WHEN length(dtc) = 4 THEN TRY_CAST(dtc || '-12-31' AS DATE)
END;

-- A collected date DD-MMM-YYYY as a day; null if a part of it is unknown.
CREATE MACRO collected_day(text) AS CAST(try_strptime(text, '%d-%b-%Y') AS DATE);

-- The value of a setting of the study, as text.
CREATE MACRO setting(name) AS (SELECT any_value(s.value) FROM spec.settings AS s WHERE s.setting = name);

-- The last day on which something was surely still going on: its end, no end while it is ongoing, else its start.
CREATE MACRO surely_until(startdtc, enddtc, ongoing) AS CASE
    WHEN enddtc IS NOT NULL THEN greatest(earliest_day(enddtc), earliest_day(startdtc))
    WHEN ongoing = 'ONGOING' THEN DATE '9999-12-31'
    ELSE earliest_day(startdtc)
END;
-- The last day on which it may still have been going on.
CREATE MACRO perhaps_until(enddtc) AS CASE WHEN enddtc IS NULL THEN DATE '9999-12-31' ELSE latest_day(enddtc) END;

-- A small number written as text, exactly, so that a few of them can be multiplied; null if it is none.
CREATE MACRO factor(text) AS TRY_CAST(CAST(text AS VARCHAR) AS DECIMAL(12, 4));

-- Whether a result lies above or below a limit: a censored one (<x, >x) by its bound, null if that cannot tell.
CREATE MACRO bound_of(result) AS number(trim(regexp_replace(CAST(result AS VARCHAR), '^[<>]', '')));
CREATE MACRO is_above(result, bound) AS CASE left(result, 1)
    WHEN '<' THEN CASE WHEN bound_of(result) <= bound THEN false END
    WHEN '>' THEN CASE WHEN bound_of(result) >= bound THEN true END
    ELSE number(result) > bound
END;

-- A collected date DD-MMM-YYYY as ISO 8601 text, cut off where a part is unknown; null if not even the year is known.
CREATE MACRO collected_iso(text) AS coalesce(
    CAST(collected_day(text) AS VARCHAR),
    strftime(try_strptime('01' || substr(text, 3), '%d-%b-%Y'), '%Y-%m'),
    nullif(regexp_extract(text, '-([0-9]{4})$', 1), '')
);

-- Birthdays passed on a day; null before birth.
CREATE MACRO birthdays(born, at_day) AS CASE WHEN at_day >= born THEN
    year(at_day) - year(born)
    - CAST(month(at_day) * 100 + day(at_day) < month(born) * 100 + day(born) AS INTEGER)
END;

-- A date of the laboratory, YYYYMMDD or DDMMMYYYY, as a day, and its moment of report (T and HHMM behind the day).
CREATE MACRO compact_day(text) AS CAST(coalesce(try_strptime(text, '%Y%m%d'), try_strptime(text, '%d%b%Y')) AS DATE);
CREATE MACRO compact_stamp(text) AS coalesce(
    try_strptime(text, '%Y%m%dT%H%M'), try_strptime(text, '%d%b%YT%H%M'), CAST(compact_day(text) AS TIMESTAMP)
);

-- A moment of a system, ISO 8601 in UTC with a final Z, and the same moment by the clock of a time zone.
CREATE MACRO utc_moment(text) AS TRY_CAST(rtrim(text, 'Z') AS TIMESTAMP);
CREATE MACRO local_moment(text, zone) AS timezone(zone, timezone('UTC', utc_moment(text)));

-- A visit label for comparing: in upper case, without blanks and hyphens.
CREATE MACRO label_key(label) AS upper(regexp_replace(label, '[\s-]+', '', 'g'));
