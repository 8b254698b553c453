"""Pictures that people send: decoded safely, told what they are fit for, cut out of their background."""
