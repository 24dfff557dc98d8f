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
